// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { createPrivateKey } from 'node:crypto'

import { Extension, KeyUsageFlags, X509Certificate, type X509CrlCreateParams, X509CrlGenerator } from '@peculiar/x509'
import { beforeAll, describe, expect, test } from 'vitest'

import { readRevocationLists } from './revocation-list.ts'
import { makeDeviceCertificate, type Made } from './testing/device-certificates.ts'

const now = Date.now()
const hour = 3_600_000
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const { keyCertSign, cRLSign } = KeyUsageFlags
/** Issuing distribution point, and delta list (RFC 5280 §5.2.5, §5.2.4): the list is of a part only. */
const ofAPart = new Extension('2.5.29.28', true, Uint8Array.of(0x30, 0))
const change = new Extension('2.5.29.27', true, Uint8Array.of(2, 1, 1))
const byAnother = new Extension('2.5.29.29', true, Uint8Array.of(0x30, 0))

let authority: Made
let namesake: Made
let issuesOnly: Made

beforeAll(async () => {
  const make = (usages: number): Promise<Made> =>
    makeDeviceCertificate(undefined, { subject: 'CN=devices', ca: true, usages })
  authority = await make(keyCertSign | cRLSign)
  namesake = await make(keyCertSign | cRLSign)
  issuesOnly = await make(keyCertSign)
})

const paramsOf = (signer: Made): X509CrlCreateParams => ({
  issuer: new X509Certificate(signer.pem).subject,
  thisUpdate: new Date(now - hour),
  nextUpdate: new Date(now + hour),
  entries: [{ serialNumber: '004d' }, { serialNumber: 'a1' }],
  signingAlgorithm: algorithm,
  signingKey: createPrivateKey(signer.privatePem).toCryptoKey(algorithm, false, ['sign']),
})
async function sign(params: X509CrlCreateParams): Promise<string> {
  const { rawData } = await X509CrlGenerator.create(params)
  return `-----BEGIN X509 CRL-----\n${Buffer.from(rawData).toString('base64')}\n-----END X509 CRL-----\n`
}
const listOf = (signer: Made, changes: Partial<X509CrlCreateParams> = {}): Promise<string> =>
  sign({ ...paramsOf(signer), ...changes })

async function statusBy(text: string, by = authority, serialNumber = '4d'): Promise<string> {
  const lists = await readRevocationLists(text, [by.der])
  return `${lists.statusOf(by.der, serialNumber, now)}${lists.unusable === 0 ? '' : `, ${lists.unusable} unusable`}`
}

describe('a list of an authority', () => {
  test('says what was taken back, whatever the spelling of its number, and what was not', async () => {
    const text = await listOf(authority)
    expect(await statusBy(text)).toBe('revoked')
    expect(await statusBy(text, authority, '00A1')).toBe('revoked')
    expect(await statusBy(text, authority, '4e')).toBe('good')
  })

  for (const [what, changes, expected] of [
    ['that is over', { nextUpdate: new Date(now) }, 'unknown'],
    ['that is to come', { thisUpdate: new Date(now + hour / 2) }, 'unknown'],
    ['of a part of the certificates', { extensions: [ofAPart] }, 'unknown, 1 unusable'],
    ['of changes alone', { extensions: [change] }, 'unknown, 1 unusable'],
    ["of others' certificates", { entries: [{ serialNumber: '4d', extensions: [byAnother] }] }, 'unknown, 1 unusable'],
  ] satisfies readonly (readonly [string, Partial<X509CrlCreateParams>, string])[]) {
    test(`says nothing where it is one ${what}`, async () => {
      const text = await listOf(authority, { ...changes })
      expect(await statusBy(text)).toBe(expected)
    })
  }

  test('has an end', async () => {
    const { nextUpdate: _, ...endless } = paramsOf(authority)
    expect(await statusBy(await sign(endless))).toBe('unknown, 1 unusable')
  })

  test('is signed by its key, and by one that may sign lists', async () => {
    expect(await statusBy(await listOf(namesake))).toBe('unknown, 1 unusable')
    expect(await statusBy(await listOf(issuesOnly), issuesOnly)).toBe('unknown, 1 unusable')
    expect(await statusBy(await listOf(authority, { signingAlgorithm: { ...algorithm, hash: 'SHA-1' } }))).toBe(
      'unknown, 1 unusable',
    )
  })

  test('is replaced by a newer one, wherever that stands', async () => {
    const older = await listOf(authority, { thisUpdate: new Date(now - 2 * hour), entries: [] })
    const newer = await listOf(authority)
    for (const text of [`${older}\n${newer}`, `${newer}\n${older}`]) expect(await statusBy(text)).toBe('revoked')
    expect(await statusBy(older)).toBe('good')
  })

  test('that is damaged, or is none, says nothing', async () => {
    const text = await listOf(authority)
    expect(await statusBy(text.replace(/\nMII?/, '\nAAA'))).toBe('unknown, 1 unusable')
    expect(await statusBy('nothing')).toBe('unknown')
  })
})
