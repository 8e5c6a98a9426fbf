import { describe, expect, test } from 'vitest'

import { makeWorkloadRoot } from '../../../../server/src/certificates/index.ts'
import {
  makeDeviceAuthority,
  makeDeviceCertificate,
} from '../../../../server/src/certificates/testing/device-certificates.ts'
import { accessOf } from '../../access/access-of.ts'
import { exampleText, faultsOf, mustLoad } from '../../testing/example.ts'

const authority = await makeDeviceAuthority()
const constrained = await makeWorkloadRoot('shop', Date.now(), Date.now() + 3_600_000)
const files = {
  'devices.pem': authority.pem,
  'leaf.pem': (await makeDeviceCertificate(authority)).pem,
  'constrained.pem': constrained.certificate,
  'nothing.pem': 'nothing',
  'devices.crl': '-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n',
  'mdm.json': JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b', kid: 'm1' }] }),
}
const withLine = (line: string): string => exampleText.replace('issuers:\n', `${line}\nissuers:\n`)
const codesOf = (line: string): readonly string[] => faultsOf(withLine(line), files).map(({ code }) => code)
const manager = (more = ''): string =>
  `devices: { manager: { issuer: "https://mdm.example", audience: "urn:shop", jwks: mdm.json${more} } }`

describe('who is believed about devices', () => {
  test('is read, and stands in what the app lets happen', () => {
    const { app } = mustLoad(withLine('devices: { authorities: devices.pem }'), files)
    expect(app.devices?.authorities?.roots).toEqual([Buffer.from(authority.der).toString('base64')])
    expect(accessOf(app).some((line) => line.startsWith('who certifies devices makes them managed ('))).toBe(true)
    const other = mustLoad(withLine(manager(', max-age: 10m')), files).app
    expect(other.devices?.manager).toMatchObject({ issuer: 'https://mdm.example', maxAgeMs: 600_000 })
    expect(accessOf(other)).toContain('what https://mdm.example states of a device counts for 10m')
    expect(mustLoad(withLine(manager()), files).app.devices?.manager?.maxAgeMs).toBe(3_600_000)
  })

  for (const file of ['leaf.pem', 'constrained.pem', 'nothing.pem']) {
    test(`is no ${file}: only an authority that vouches for any device may vouch for one`, () => {
      expect(codesOf(`devices: { authorities: ${file} }`)).toEqual(['manifest.wrong_type'])
    })
  }

  test('may take certificates back, by lists in a file that holds some', () => {
    const { app } = mustLoad(withLine('devices: { authorities: devices.pem, revoked: devices.crl }'), files)
    expect(app.devices?.revokedFile).toMatch(/\/devices\.crl$/)
    expect(accessOf(app)).toContain('no device counts whose certificate was taken back')
    expect(codesOf('devices: { authorities: devices.pem, revoked: nothing.pem }')).toEqual(['manifest.wrong_type'])
  })

  test('signs at an address that can be trusted', () => {
    const text = 'devices: { manager: { issuer: "http://mdm.example", audience: a, jwks: mdm.json } }'
    expect(codesOf(text)).toEqual(['manifest.insecure_upstream'])
  })
})
