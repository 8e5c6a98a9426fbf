import { anonymous, type Subject } from '@sallyport/core/access'
import { createKeySet } from '@sallyport/core/identity'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'

import type { CertificateStatus } from '../certificates/index.ts'
import { makeDeviceAuthority, makeDeviceCertificate, type Made } from '../certificates/testing/device-certificates.ts'
import { compileDevices, type DeviceEvidence, type DeviceProof } from './devices.ts'

const jkt = 'x'.repeat(42) + 'A'
const hour = 3_600_000
let authority: Made
let laptop: Made
let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']
let keys: ReturnType<typeof createKeySet>
let nowMs: number
let revoked: Set<string>
let deviceOf: DeviceProof

beforeAll(async () => {
  authority = await makeDeviceAuthority()
  laptop = await makeDeviceCertificate(authority)
  const pair = await generateKeyPair('ES256', { extractable: true })
  privateKey = pair.privateKey
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'm1', alg: 'ES256' }
  keys = createKeySet({ source: { keys: [jwk] }, nowSeconds: () => Date.now() / 1000 })
})

beforeEach(() => {
  nowMs = Date.now()
  revoked = new Set()
  deviceOf = compileDevices({
    authorities: [authority.der],
    manager: { issuer: 'https://mdm.example', audience: 'urn:shop', keys, maxAgeSeconds: 3_600 },
    isRevoked: ({ device }) => revoked.has(device?.id ?? ''),
    nowMs: () => nowMs,
  })
})

const credential = {
  issuerName: 'corp',
  keyId: 'k',
  issuedAtSeconds: 0,
  scopes: [],
  tags: {},
  boundTo: [jkt],
  binding: 'dpop',
} as const
const kim: Subject = { kind: 'user', id: 'arn:kim', name: 'corp:kim', roles: [], credential }

const shown = (...chain: readonly Made[]): DeviceEvidence => ({
  certificates: chain.map(({ der }) => der),
  certificateThumbprint: 'y'.repeat(42) + 'E',
  statements: [],
})

function statement(changes: object = {}): Promise<string> {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: 'https://mdm.example', aud: 'urn:shop', sub: 'kims-laptop', managed: true, cnf: { jkt } }
  return new SignJWT({ ...claims, iat, exp: iat + 600, ...changes })
    .setProtectedHeader({ alg: 'ES256', kid: 'm1', typ: 'device+jwt' })
    .sign(privateKey)
}

describe('a person with the certificate of a device', () => {
  test('comes from a managed device, and is one and the same on a connection', async () => {
    const evidence = shown(laptop)
    const whole = await deviceOf(kim, evidence)
    expect(whole.device).toMatchObject({ id: 'kims-laptop', managed: true, source: 'certificate' })
    expect(await deviceOf(kim, evidence)).toBe(whole)
  })

  test('without one comes from none: nothing else makes a device', async () => {
    expect(await deviceOf(kim, { statements: [] })).toBe(kim)
  })

  test('of a foreign authority comes from none, and of one that is over neither, which is said', async () => {
    const foreign = await makeDeviceCertificate(await makeDeviceAuthority())
    expect(await deviceOf(kim, shown(foreign))).toBe(kim)
    const over = await makeDeviceCertificate(authority, { untilMs: nowMs - 1 })
    const late = await deviceOf(kim, shown(over))
    expect([late.device, late.deviceFault]).toEqual([undefined, 'device.certificate_expired'])
  })

  test('that ends while its connection stays open has none from then on', async () => {
    const evidence = shown(await makeDeviceCertificate(authority, { untilMs: nowMs + 60_000 }))
    expect((await deviceOf(kim, evidence)).device?.managed).toBe(true)
    nowMs += 60_000
    expect(await deviceOf(kim, evidence)).toMatchObject({ deviceFault: 'device.certificate_expired' })
  })

  test('that was revoked is nobody', async () => {
    revoked.add('kims-laptop')
    expect(await deviceOf(kim, shown(laptop))).toMatchObject({ kind: 'anonymous', refused: { code: 'token.revoked' } })
  })

  test('that its authority took back has none, nor one of which nobody knows, also on an open connection', async () => {
    let status: CertificateStatus = 'good'
    let listed: CertificateStatus = 'good'
    const asking = compileDevices({
      authorities: [authority.der],
      revocations: {
        statusOf: (signer, serialNumber) => (signer === authority.der && serialNumber === '4d' ? status : 'good'),
        // What the file says now counts for the very request before which it is read.
        refresh: () => (status === listed ? undefined : Promise.resolve().then(() => void (status = listed))),
      },
      isRevoked: () => false,
      nowMs: () => nowMs,
    })
    const evidence = shown(laptop)
    expect((await asking(kim, evidence)).device?.managed).toBe(true)
    for (const now of ['revoked', 'unknown'] as const) {
      listed = now
      expect((await asking(kim, evidence)).device).toBeUndefined()
      expect((await asking(kim, evidence)).deviceFault).toBe(`device.certificate_${now}`)
    }
    const between = await makeDeviceCertificate(authority, { subject: 'CN=between', ca: true })
    const below = shown(await makeDeviceCertificate(between), between)
    expect((await asking(kim, below)).deviceFault).toBe('device.certificate_unknown')
  })

  test('keeps what the sign-in proved where nothing else is proved', async () => {
    const device = { id: 'enrolled', managed: true, type: 'laptop' }
    expect((await deviceOf({ ...kim, device }, { statements: [] })).device).toBe(device)
  })
})

describe('what a device manager states', () => {
  test('counts for the key that the request proved', async () => {
    const whole = await deviceOf(kim, { statements: [await statement({ device_type: 'phone' })] })
    expect(whole.device).toMatchObject({ id: 'kims-laptop', managed: true, type: 'phone', source: 'manager' })
  })

  test('of another device does not: its statement was taken along', async () => {
    const other = { ...kim, credential: { ...credential, boundTo: [] } }
    const whole = await deviceOf(other, { statements: [await statement()] })
    expect([whole.device, whole.deviceFault]).toEqual([undefined, 'device.unbound'])
  })

  test('goes before a certificate of the same device, and not beside one of another', async () => {
    const put = { statements: [await statement({ compliant: false })] }
    expect((await deviceOf(kim, { ...shown(laptop), ...put })).device).toMatchObject({ managed: false })
    const phone = await makeDeviceCertificate(authority, { subject: 'CN=a-phone' })
    const both = await deviceOf(kim, { ...shown(phone), ...put })
    expect([both.device, both.deviceFault]).toEqual([undefined, 'device.unbound'])
  })

  test('twice counts not at all', async () => {
    const twice = await deviceOf(kim, { statements: [await statement(), await statement()] })
    expect([twice.device, twice.deviceFault]).toEqual([undefined, 'device.malformed'])
  })

  test('is not asked where no manager is written down', async () => {
    const without = compileDevices({ authorities: [], isRevoked: () => false, nowMs: () => nowMs })
    expect(await without(kim, { ...shown(laptop), statements: [await statement()] })).toBe(kim)
  })
})

test('nobody, and a program, have no device', async () => {
  expect(await deviceOf(anonymous, shown(laptop))).toBe(anonymous)
  const service: Subject = { ...kim, credential: { ...credential, issuerName: 'service' } }
  expect(await deviceOf(service, shown(laptop))).toBe(service)
})

test('a certificate is read once for its connection, and again after a while', async () => {
  const evidence = shown(laptop)
  const first = await deviceOf(kim, evidence)
  nowMs += hour / 2
  expect((await deviceOf(kim, evidence)).device).toEqual(first.device)
})
