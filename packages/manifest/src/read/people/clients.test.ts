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

const withUpstream = (upstream: string): string =>
  edited('      grace: [admin]', `      grace: [admin]\n    upstreams:\n      ${upstream}`)
const staff = 'issuer: "https://id.example/realms/staff", client: checkout, secret: mail-token'

test('an upstream of the embedded issuer counts as one factor, and may vouch for linked users alone', () => {
  const { app } = mustLoad(withUpstream(`staff: { ${staff} }`))
  const [embedded] = app.issuers
  expect(embedded?.kind === 'embedded' ? embedded.upstreams : []).toEqual([
    {
      name: 'staff',
      issuer: 'https://id.example/realms/staff',
      client: 'checkout',
      secret: 'mail-token',
      scopes: ['openid', 'profile'],
      mfa: { amr: [], acr: [] },
    },
  ])
  const vouches =
    'https://id.example/realms/staff (staff) may vouch for users who are linked there, to the client checkout'
  expect(accessOf(app)).toContain(`${vouches}, as one factor`)
  const strong = mustLoad(withUpstream(`staff: { ${staff}, scopes: [email], mfa: { amr: [mfa], acr: [gold] } }`)).app
  expect(accessOf(strong)).toContain(`${vouches}, as two factors with amr mfa or acr gold`)
})

const unfit: readonly [string, string, string][] = [
  [
    'a secret that nobody declares',
    'a: { issuer: "https://a.example", client: c, secret: no-such }',
    'manifest.unresolved_name',
  ],
  ['a plain address', 'a: { issuer: "http://a.example", client: c, secret: mail-token }', 'manifest.insecure_upstream'],
  [
    'the address of a metadata service',
    'a: { issuer: "https://169.254.169.254", client: c, secret: mail-token }',
    'manifest.insecure_upstream',
  ],
  ['a query', 'a: { issuer: "https://a.example/?t=1", client: c, secret: mail-token }', 'manifest.insecure_upstream'],
  [
    'an issuer that stands for every tenant',
    'a: { issuer: "https://login.microsoftonline.com/common/v2.0", client: c, secret: mail-token }',
    'manifest.insecure_upstream',
  ],
  [
    'the issuer of another one',
    `a: { ${staff} }\n      b: { ${staff.replace('staff"', 'staff/"')} }`,
    'manifest.duplicate_name',
  ],
  ['no secret', 'a: { issuer: "https://a.example", client: c }', 'manifest.missing_key'],
]
for (const [what, upstream, code] of unfit) {
  test(`an upstream with ${what} is a fault`, () => {
    expect(faultsOf(withUpstream(upstream)).map((fault) => fault.code)).toEqual([code])
  })
}
