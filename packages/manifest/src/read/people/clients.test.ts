import { expect, test } from 'vitest'

import { accessOf } from '../../access/access-of.ts'
import { edited, faultsOf, mustLoad } from '../../testing/example.ts'

const keys = { 'keys/reports.json': JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] }) }
const withClient = (client: string): string =>
  edited('      grace: [admin]', `      grace: [admin]\n    clients:\n      ${client}`)

test('programs of the embedded issuer are declared with their keys, roles and addresses', () => {
  const text = withClient(
    'reports: { roles: [support], jwks: keys/reports.json, redirects: ["https://r.example/cb"], dpop: true }',
  )
  const { app } = mustLoad(text, keys)
  const [embedded] = app.issuers
  expect(embedded?.kind === 'embedded' ? embedded.clients : []).toEqual([
    {
      name: 'reports',
      roles: ['support'],
      keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }],
      jwksDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
      redirects: ['https://r.example/cb'],
      logoutRedirects: [],
      dpop: true,
    },
  ])
  expect(accessOf(app)).toEqual(
    expect.arrayContaining([
      'the program reports may act as support',
      'people may go on to https://r.example/cb from reports',
      'tokens of reports are bound to a key',
    ]),
  )
})

test.each([
  ['no key and no address', 'reports: {}', 'manifest.missing_key'],
  ['roles without a key', 'reports: { roles: [support], redirects: ["https://r.example/cb"] }', 'manifest.missing_key'],
  ['the name of a user', 'ada: { redirects: ["https://r.example/cb"] }', 'manifest.duplicate_name'],
  ['the name of our own', 'sallyport-cli: { redirects: ["https://r.example/cb"] }', 'manifest.duplicate_name'],
  ['a plain address', 'reports: { redirects: ["http://r.example/cb"] }', 'manifest.insecure_upstream'],
  ['a role that is none', 'reports: { roles: [nobody], jwks: keys/reports.json }', 'manifest.unresolved_name'],
])('a program with %s is a fault', (_, client, code) => {
  expect(faultsOf(withClient(client), keys).map((fault) => fault.code)).toEqual([code])
})

test('a private key in the app folder is a fault', () => {
  const priv = { 'keys/reports.json': JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }] }) }
  expect(faultsOf(withClient('reports: { jwks: keys/reports.json }'), priv).map(({ code }) => code)).toContain(
    'manifest.wrong_type',
  )
})
