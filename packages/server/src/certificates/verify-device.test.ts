// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { ExtendedKeyUsageExtension, KeyUsageFlags } from '@peculiar/x509'
import { beforeAll, describe, expect, test } from 'vitest'

import { trustDomainConstraints } from './name-constraints.ts'
import { makeDeviceAuthority, makeDeviceCertificate, type Made, type Wanted } from './testing/device-certificates.ts'
import { verifyDeviceCertificate } from './verify-device.ts'

const now = Date.now()
const hour = 3_600_000
let authority: Made
let stranger: Made

beforeAll(async () => {
  authority = await makeDeviceAuthority()
  stranger = await makeDeviceAuthority() // of the same name, with another key
})

const verdictOf = (chain: readonly Made[], roots = [authority]): string => {
  const verdict = verifyDeviceCertificate(
    chain.map(({ der }) => der),
    roots.map(({ der }) => der),
    now,
  )
  return verdict === undefined ? 'not ours' : verdict.kind === 'device' ? verdict.id : verdict.code
}

describe('a certificate of a device', () => {
  const uri = { type: 'url', value: 'urn:device:7' } as const
  const dns = { type: 'dns', value: 'laptop7.example' } as const
  for (const [what, wanted, expected] of [
    ['names it by its common name', {}, 'kims-laptop'],
    ['by its DNS name before that', { names: [dns] }, 'laptop7.example'],
    ['by its URI before that', { names: [dns, uri] }, 'urn:device:7'],
    ['with two URIs names none', { names: [uri, { ...uri, value: 'urn:device:8' }] }, 'device.certificate_name'],
    ['with two common names names none', { subject: 'CN=a, CN=b' }, 'device.certificate_name'],
    ['with a name that nobody can write names none', { subject: 'CN=all devices *' }, 'device.certificate_name'],
    ['without a name names none', { subject: 'O=shop' }, 'device.certificate_name'],
    ['that is over does not count', { untilMs: now - 1 }, 'device.certificate_expired'],
    ['that is not valid yet does not count', { fromMs: now + hour }, 'device.certificate_not_yet_valid'],
    ['for servers alone does not count', { purposes: ['1.3.6.1.5.5.7.3.1'] }, 'device.certificate_purpose'],
    ['that may sign certificates does not count', { ca: true }, 'device.certificate_is_authority'],
    [
      'whose key may sign nothing does not count',
      { usages: KeyUsageFlags.keyEncipherment },
      'device.certificate_key_usage',
    ],
  ] satisfies readonly (readonly [string, Wanted, string])[]) {
    test(what, async () => {
      expect(verdictOf([await makeDeviceCertificate(authority, wanted)])).toBe(expected)
    })
  }

  test('of another authority of the same name is none of ours', async () => {
    expect(verdictOf([await makeDeviceCertificate(stranger)])).toBe('not ours')
  })

  test('that signs itself is none of ours', async () => {
    expect(verdictOf([await makeDeviceCertificate(undefined)])).toBe('not ours')
  })

  test('by an authority between counts, and not by a device that signs another', async () => {
    const between = await makeDeviceCertificate(authority, { subject: 'CN=between', ca: true })
    expect(verdictOf([await makeDeviceCertificate(between), between])).toBe('kims-laptop')
    const device = await makeDeviceCertificate(authority, { subject: 'CN=evil' })
    expect(verdictOf([await makeDeviceCertificate(device), device])).toBe('not ours')
  })

  test('by an authority that is over, or that has constraints on names, does not', async () => {
    const over = await makeDeviceCertificate(authority, { subject: 'CN=over', ca: true, untilMs: now - 1 })
    expect(verdictOf([await makeDeviceCertificate(over), over])).toBe('not ours')
    const constrained = await makeDeviceAuthority('CN=constrained', [trustDomainConstraints('shop')])
    expect(verdictOf([await makeDeviceCertificate(constrained)], [constrained])).toBe('not ours')
  })

  test('by an authority for mail alone does not, and by one for clients or for anything does', async () => {
    for (const [purpose, expected] of [
      ['1.3.6.1.5.5.7.3.4', 'not ours'],
      ['1.3.6.1.5.5.7.3.2', 'kims-laptop'],
      ['2.5.29.37.0', 'kims-laptop'],
    ] as const) {
      const more = [new ExtendedKeyUsageExtension([purpose])]
      const between = await makeDeviceCertificate(authority, { subject: 'CN=between', ca: true, more })
      expect(verdictOf([await makeDeviceCertificate(between), between])).toBe(expected)
    }
  })

  test('by an authority whose key of RSA can be broken does not', async () => {
    for (const [rsaBits, expected] of [
      [1024, 'not ours'],
      [2048, 'kims-laptop'],
    ] as const) {
      const between = await makeDeviceCertificate(authority, { subject: 'CN=between', ca: true, rsaBits })
      expect(verdictOf([await makeDeviceCertificate(between), between])).toBe(expected)
    }
  })

  test('that cannot be read, or stands in a chain without end, is none of ours', async () => {
    const leaf = await makeDeviceCertificate(authority)
    expect(verdictOf([{ ...leaf, der: leaf.der.slice(1) }])).toBe('not ours')
    expect(verdictOf([leaf, authority, authority, authority, authority])).toBe('not ours')
    expect(verdictOf([])).toBe('not ours')
  })
})
