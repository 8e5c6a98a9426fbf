import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'

import { createKeySet } from '../keys/key-set.ts'
import { type DeviceManager, verifyDeviceStatement } from './device-statement.ts'

const now = 1_700_000_000
const jkt = 'x'.repeat(42) + 'A'
const x5t = 'y'.repeat(42) + 'E'
let privateKey: CryptoKey
let forger: CryptoKey
let manager: DeviceManager

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  privateKey = pair.privateKey
  forger = (await generateKeyPair('ES256')).privateKey
  const jwk: JWK = { ...(await exportJWK(pair.publicKey)), kid: 'm1', alg: 'ES256' }
  const keys = createKeySet({ source: { keys: [jwk] }, nowSeconds: () => now })
  manager = { issuer: 'https://mdm.example', audience: 'urn:shop', keys, maxAgeSeconds: 3_600 }
})

const claims = {
  iss: 'https://mdm.example',
  aud: 'urn:shop',
  sub: 'laptop-7',
  iat: now - 60,
  exp: now + 600,
  managed: true,
  compliant: true,
  device_type: 'laptop',
  cnf: { jkt },
}

const statement = (changes: object = {}, header: object = {}, key = privateKey): Promise<string> =>
  new SignJWT({ ...claims, ...changes })
    .setProtectedHeader({ alg: 'ES256', kid: 'm1', typ: 'device+jwt', ...header })
    .sign(key)

async function verdictOf(text: string, proved: readonly string[] = [jkt]): Promise<string> {
  const verdict = await verifyDeviceStatement(text, manager, { proved, nowSeconds: now, skewSeconds: 60 })
  return verdict.kind === 'stated' ? 'stated' : verdict.code
}

describe('a statement about a device', () => {
  test('tells which device it is, and how old that is', async () => {
    const moment = { proved: [jkt], nowSeconds: now, skewSeconds: 60 }
    expect(await verifyDeviceStatement(await statement(), manager, moment)).toEqual({
      kind: 'stated',
      device: {
        id: 'laptop-7',
        managed: true,
        type: 'laptop',
        source: 'manager',
        statedAtSeconds: now - 60,
        compliant: true,
      },
    })
  })

  test('of a device that does not comply calls it managed no more', async () => {
    const moment = { proved: [jkt], nowSeconds: now, skewSeconds: 60 }
    const verdict = await verifyDeviceStatement(await statement({ compliant: false }), manager, moment)
    expect(verdict).toMatchObject({ device: { managed: false, compliant: false } })
  })

  test('is 8 KiB long at most, however well it is signed', async () => {
    expect(await verdictOf(await statement({ note: 'n'.repeat(5_000) }))).toBe('stated')
    expect(await verdictOf(await statement({ note: 'n'.repeat(6_000) }))).toBe('device.malformed')
  })

  for (const [what, changes, expected] of [
    ['of another manager', { iss: 'https://evil.example' }, 'device.manager'],
    ['whose manager only looks the same', { iss: 'https://mdm.example/' }, 'device.manager'],
    ['for somebody else', { aud: 'urn:other' }, 'device.manager'],
    ['for nobody', { aud: undefined }, 'device.manager'],
    ['for us among others', { aud: ['urn:other', 'urn:shop'] }, 'stated'],
    ['without a device', { sub: undefined }, 'device.claims'],
    ['about a device that nobody can write', { sub: 'all *' }, 'device.claims'],
    ['that does not say whether it is managed', { managed: undefined }, 'device.claims'],
    ['that says so in words', { managed: 'true' }, 'device.claims'],
    ['that says in words whether it complies', { compliant: 'yes' }, 'device.claims'],
    ['whose kind is no word', { device_type: 'Laptop!' }, 'device.claims'],
    ['without an end', { exp: undefined }, 'device.claims'],
    ['without an age', { iat: undefined }, 'device.claims'],
    ['that is over', { exp: now - 61 }, 'device.expired'],
    ['from the future', { iat: now + 120, exp: now + 600 }, 'device.not_yet_valid'],
    ['older than is believed, whatever its end', { iat: now - 3_601 }, 'device.stale'],
    ['that is bound to nothing', { cnf: undefined }, 'device.unbound'],
    ['that is bound to another key', { cnf: { jkt: 'z'.repeat(42) + 'A' } }, 'device.unbound'],
    ['that is bound to a certificate that was not shown', { cnf: { jkt, 'x5t#S256': x5t } }, 'device.unbound'],
    ['that is bound in a way nobody knows', { cnf: { kid: 'k' } }, 'device.claims'],
  ] as const) {
    test(`${what} gives ${expected}`, async () => {
      expect(await verdictOf(await statement(changes))).toBe(expected)
    })
  }

  test('that is bound to key and certificate needs both', async () => {
    const text = await statement({ cnf: { jkt, 'x5t#S256': x5t } })
    expect(await verdictOf(text, [jkt, x5t])).toBe('stated')
    expect(await verdictOf(text, [x5t])).toBe('device.unbound')
  })

  test('counts only by a key of its manager, under its type', async () => {
    expect(await verdictOf(await statement({}, {}, forger))).toBe('device.signature')
    expect(await verdictOf(await statement({}, { kid: 'm2' }))).toBe('device.unknown_key')
    expect(await verdictOf(await statement({}, { kid: undefined }))).toBe('device.unknown_key')
    for (const typ of ['JWT', 'at+jwt', 'secevent+jwt', undefined]) {
      expect(await verdictOf(await statement({}, { typ })), String(typ)).toBe('device.malformed')
    }
    expect(await verdictOf('x.y.z')).toBe('device.malformed')
    expect(await verdictOf(`${await statement()} `)).toBe('device.malformed')
  })
})
