import { actions, arn, contextKeys } from '@sallyport/core/access'
import { decide } from '@sallyport/core/policy'
import { describe, expect, test } from 'vitest'

import { makeSvid, makeWorkloadRoot } from '../../../../server/src/certificates/index.ts'
import { accessOf } from '../../access/access-of.ts'
import { exampleText, faultsOf, mustLoad } from '../../testing/example.ts'

const root = await makeWorkloadRoot('partner.example', Date.now(), Date.now() + 3_600_000)
const leaf = await makeSvid('spiffe://partner.example/a', root, Date.now(), 60_000)
const files = {
  'partner.pem': root.certificate,
  'leaf.pem': leaf.cert,
  'nothing.pem': 'nothing',
  'bundle.json': bundle(),
  'keys.json': JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'a', kid: 'r1' }] }),
  'exchange.json': JSON.stringify({ keys: [{ kty: 'OKP', crv: 'X25519', x: 'a', kid: 'r1' }] }),
  'nameless.json': JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'a' }] }),
}

function bundle(): string {
  const body = root.certificate.replaceAll(/-----[^-]+-----|\s/g, '')
  const jwt = { kty: 'EC', crv: 'P-256', x: 'a', y: 'b', kid: 'k1', use: 'jwt-svid' }
  return JSON.stringify({
    spiffe_sequence: 1,
    keys: [{ kty: 'EC', use: 'x509-svid', x5c: [body] }, jwt, { kty: 'EC', use: 'wit-svid' }],
  })
}

const withLines = (...lines: readonly string[]): string =>
  exampleText.replace('issuers:\n', `${lines.join('\n')}\nissuers:\n`)
const reports = '  reports: { id: "spiffe://partner.example/reports", roles: [support] }'
const trust = 'trust: { partner.example: partner.pem }'
const invoices =
  '  invoices: { aws: { role: "arn:aws:iam::123456789012:role/a/invoices", region: eu-central-1 }, roles: [support] }'

test('services are read, with whom they are vouched for by', () => {
  const { app } = mustLoad(withLines(trust, 'services:', reports, invoices), files)
  expect(app.services).toMatchObject([
    { name: 'reports', spiffeId: 'spiffe://partner.example/reports', roles: ['support'] },
    {
      name: 'invoices',
      aws: {
        role: 'arn:aws:iam::123456789012:role/a/invoices',
        host: 'sts.eu-central-1.amazonaws.com',
        endpoint: 'https://sts.eu-central-1.amazonaws.com',
      },
    },
  ])
  expect(app.trust).toMatchObject([{ name: 'partner.example', roots: [expect.any(String)], jwtKeys: [] }])
  const lines = accessOf(app)
  expect(lines).toContain('the service reports may act as support')
  expect(lines).toContain('the service reports is spiffe://partner.example/reports')
  expect(lines.some((line) => line.startsWith('the trust domain partner.example vouches for its services ('))).toBe(
    true,
  )
})

test('a service may sign its requests by keys of its own', () => {
  const { app } = mustLoad(withLines('services:', '  reports: { jwks: keys.json, roles: [support] }'), files)
  expect(app.services).toMatchObject([{ name: 'reports', keys: [{ kid: 'r1' }], keysDigest: expect.any(String) }])
  const line = accessOf(app).find((one) => one.startsWith('the service reports is'))
  expect(line).toMatch(/^the service reports is whoever signs by its keys \([0-9a-f]{12}\)$/)
})

test('a SPIFFE bundle is read as a list of certificates is, with its JWT keys', () => {
  const read = (file: string): unknown =>
    mustLoad(withLines(`trust: { partner.example: ${file} }`), files).app.trust?.[0]
  const listed = read('partner.pem')
  expect(read('bundle.json')).toMatchObject({
    roots: typeof listed === 'object' && listed !== null && 'roots' in listed ? listed.roots : [],
    jwtKeys: [{ kid: 'k1' }],
  })
})

describe('a fault is', () => {
  const cases: readonly [what: string, code: string, lines: readonly string[]][] = [
    ['an id for whose domain nobody vouches', 'manifest.unresolved_name', ['services:', reports]],
    [
      'an id that is none',
      'manifest.wrong_type',
      [trust, 'services:', '  a: { id: "spiffe://partner.example/../b", roles: [support] }'],
    ],
    [
      'an id without a path',
      'manifest.wrong_type',
      [trust, 'services:', '  a: { id: "spiffe://shop", roles: [support] }'],
    ],
    ['no proof at all', 'manifest.missing_key', ['services:', '  a: { roles: [support] }']],
    [
      'a key that signs nothing',
      'manifest.wrong_type',
      ['services:', '  a: { jwks: exchange.json, roles: [support] }'],
    ],
    ['a key without a name', 'manifest.wrong_type', ['services:', '  a: { jwks: nameless.json, roles: [support] }']],
    [
      'one key of two services',
      'manifest.duplicate_name',
      ['services:', '  a: { jwks: keys.json, roles: [support] }', '  b: { jwks: keys.json, roles: [support] }'],
    ],
    [
      'one proof of two services',
      'manifest.duplicate_name',
      [trust, 'services:', reports, reports.replace('reports:', 'other:')],
    ],
    ['a role that is none', 'manifest.unresolved_name', [trust, 'services:', reports.replace('[support]', '[nobody]')]],
    ['a role with a wildcard', 'manifest.wildcard', ['services:', invoices.replace('invoices"', '*"')]],
    ['a leaf as authority', 'manifest.wrong_type', ['trust: { partner.example: leaf.pem }']],
    ['a file of something else', 'manifest.wrong_type', ['trust: { partner.example: nothing.pem }']],
    ['a file that is not there', 'manifest.file_missing', ['trust: { partner.example: absent.pem }']],
    ["the app's own domain", 'manifest.duplicate_name', ['trust: { checkout: partner.pem }']],
  ]
  for (const [what, code, lines] of cases) {
    test(what, () => {
      expect(faultsOf(withLines(...lines), files).map((fault) => fault.code)).toContain(code)
    })
  }

  test('an issuer by a name that means something', () => {
    const issuer = '{ issuer: "https://a.example", audience: urn:shop }'
    const text = exampleText.replace('issuers:\n', `issuers:\n  service: ${issuer}\n`)
    expect(faultsOf(text).map(({ code }) => code)).toEqual(['manifest.duplicate_name'])
  })
})

test('a service may exchange its proofs, and of issuers those that say so', () => {
  const issuer = (name: string, more: string): string =>
    `  ${name}: { issuer: "https://${name}.example", audience: urn:shop${more} }\n`
  const text = withLines(trust, 'services:', reports).replace(
    'issuers:\n',
    `issuers:\n${issuer('deploys', ', exchange: true')}${issuer('others', '')}`,
  )
  const { app, compiled } = mustLoad(text, files)
  const effectFor = (name: string, issuerName: string): string => {
    const id = arn.user(app.name, name)
    const subject = { kind: 'user', id, name, roles: [] } as const
    const context = { [contextKeys.principalArn]: id, [contextKeys.issuer]: issuerName, [contextKeys.roles]: [] }
    const request = { action: actions.exchangeToken, resource: arn.exchange(app.name), context, actors: [] }
    return decide(compiled.authority, [{ id: 'd1', transaction: 't1', subject, ...request }]).effect
  }
  expect(effectFor('service:reports', 'service')).toBe('allow')
  expect(effectFor('service:other', 'service')).toBe('deny')
  expect(effectFor('deploys:a', 'deploys')).toBe('allow')
  expect(effectFor('others:a', 'others')).toBe('deny')
  expect(effectFor('alice', 'embedded')).toBe('deny')
  expect(accessOf(app)).toContain('tokens of https://deploys.example may be exchanged')
})
