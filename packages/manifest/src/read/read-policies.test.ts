import { describe, expect, it } from 'vitest'

import { edited, exampleText, faultsOf, mustLoad } from '../testing/example.ts'

const guide = `issuers:
  pool:
    authorizer:
      type: COGNITO_USER_POOLS
      cognitoUserPools:
        – us-east-1_abc123
      identitySource: method.request.header.Authorization
`
const quoted = `{
“Version”: “2012-10-17”,
“Statement”: [
{
“Effect”: “Allow”,
“Action”: “dynamodb:PutItem”,
“Resource”: “arn:aws:dynamodb:us-east-1:123456789012:table/Orders”
}
]
}`
const withPolicy = edited(
  '    can: { email: [send] }',
  '    can: { email: [send] }\n    policies: [policies/orders.json]',
)

function codesOf(text: string, files: Readonly<Record<string, string | undefined>> = {}): readonly string[] {
  return faultsOf(text, files).map(({ code }) => code)
}

describe("the guide's own snippets", () => {
  it('the authorizer block loads as printed, with its typographic dash', () => {
    for (const block of [
      guide,
      guide.replace('– us', '- us'),
      guide
        .replaceAll('      type', '    type')
        .replaceAll('      cognito', '    cognito')
        .replaceAll('        – ', '    – ')
        .replaceAll('      identity', '    identity'),
    ]) {
      const { app } = mustLoad(exampleText.replace('issuers:\n', block))
      expect(app.issuers.find(({ kind }) => kind === 'cognito')).toMatchObject({
        name: 'pool',
        userPool: 'us-east-1_abc123',
        issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc123',
        clients: [],
      })
    }
  })

  it('the authorizer block loads at the top of the manifest, with and without its lost indentation', () => {
    const block = guide.slice(guide.indexOf('    authorizer')).replaceAll(/^ {4}/gm, '')
    const flat = block.replaceAll(/^ +/gm, '')
    const nested = block
    for (const text of [flat, nested]) {
      expect(mustLoad(exampleText + text).app.issuers.at(-1)).toMatchObject({
        kind: 'cognito',
        name: 'authorizer',
        userPool: 'us-east-1_abc123',
      })
    }
  })

  it('a Cognito pool takes clients, groups and a key set from a file', () => {
    const block = guide.concat('    clients: [abc]\n    groups: { Staff: support }\n    jwks: fixtures/pool.json\n')
    const keys = '{ "keys": [{ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "k1" }] }'
    const text = exampleText.replace('issuers:\n', block)
    expect(mustLoad(text, { 'fixtures/pool.json': keys }).app.issuers).toContainEqual(
      expect.objectContaining({
        kind: 'cognito',
        clients: ['abc'],
        groups: { Staff: 'support' },
        jwksFile: '/app/fixtures/pool.json',
      }),
    )
    expect(codesOf(text, { 'fixtures/pool.json': '{ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] }' })).toEqual([
      'manifest.wrong_type',
    ])
  })

  it('the IAM document with typographic quotes is a fault that offers the corrected file, which takes effect', () => {
    const faults = faultsOf(withPolicy, { 'policies/orders.json': quoted })
    expect(faults).toMatchObject([{ code: 'policy.typographic_quotes', file: 'policies/orders.json', line: 2 }])
    const corrected = faults[0]?.corrected ?? ''
    // The invariant "orders, payments -> orders-table" sees the new grant: it has taken effect.
    expect(faultsOf(withPolicy, { 'policies/orders.json': corrected })).toMatchObject([
      { code: 'only.violated', message: expect.stringContaining('policies/orders.json:4:1') },
    ])
    const allowed = edited(
      'orders, payments -> orders-table',
      'orders, payments, notifications -> orders-table',
      withPolicy,
    ).replace(
      '  deny:\n',
      '    - notifications -> orders-table.put(any)\n  deny:\n    - notifications -> orders-table.get\n',
    )
    expect(mustLoad(allowed, { 'policies/orders.json': corrected }).app.functions[3]?.identityPolicies).toHaveLength(1)
  })
})

describe('attached policies', () => {
  it('a guardrail only denies', () => {
    const text = edited('zones:  ', 'guardrails: [policies/deny.json]\nzones:  ')
    const deny =
      '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sallyport:UseDoor",' +
      '"Resource":"arn:sallyport:door:checkout::stripe/refund"}]}'
    expect(codesOf(text, { 'policies/deny.json': deny.replace('"Deny"', '"Allow"') })).toEqual([
      'policy.illegal_combination',
    ])
    // It takes effect: the example "payments -> POST https://api.stripe.com/v1/refunds" no longer holds.
    expect(faultsOf(text, { 'policies/deny.json': deny })).toMatchObject([{ code: 'expect.failed' }])
  })

  it('an Allow names its actions', () => {
    for (const [action, resource] of [
      ['dynamodb:*', 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders'],
      ['dynamodb:GetItem', '*'],
      ['dynamodb:GetItem', 'arn:aws:dynamodb:us-east-1:123456789012:*'],
    ] as const) {
      const document = JSON.stringify({
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action: action, Resource: resource },
      })
      expect(codesOf(withPolicy, { 'policies/orders.json': document }), action + resource).toEqual([
        'manifest.wildcard',
      ])
    }
  })

  it('a condition cannot hide a grant from an invariant', () => {
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 'dynamodb:PutItem',
        Resource: 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders',
        Condition: { IpAddress: { 'aws:SourceIp': '203.0.113.7/32' } },
      },
    })
    expect(codesOf(withPolicy, { 'policies/orders.json': document })).toEqual(['only.violated'])
  })
})
