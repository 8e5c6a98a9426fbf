import { expect, test } from 'vitest'

import { looksSecret } from './looks-secret.ts'

// None of them is long and random: each is told by its own shape alone.
const shapes: readonly (readonly [what: string, ...values: readonly string[]])[] = [
  ['a Stripe key', 'sk_live_abcdef', 'rk_test_abcdef', 'pk_live_abcdef'],
  ['a webhook secret', 'whsec_abcdefghij'],
  ['an AWS access key', 'AKIAABCDEFGHIJKL', 'ASIAABCDEFGHIJKL'],
  ['a private key', '-----BEGIN PRIVATE KEY-----', '-----BEGIN EC PRIVATE KEY-----', '-----BEGIN CERTIFICATE-----'],
  ['a GitHub token', `ghp_${'a'.repeat(20)}`, `ghs_${'a'.repeat(20)}`, `github_pat_${'a'.repeat(20)}`],
  ['a Slack token', 'xoxb-aaaaaaaaaa', 'xoxp-aaaaaaaaaa'],
  ['a Google key', `AIza${'a'.repeat(30)}`],
  ['an npm token', `npm_${'a'.repeat(30)}`],
  ['an API key', `sk-${'a'.repeat(20)}`],
  ['a JSON web token', 'eyJaaaaaaaa.bbbbbbbb.'],
  ['a URL with a password', 'postgres://app:pw@db/app', 'HTTPS://a:b@c'],
  ['a long random value', 'q7Zx2Lm9Vb4Nc8Rt1Ys6'],
]
for (const [what, ...values] of shapes) {
  test(`${what} is told by its shape`, () => {
    expect(values.map(looksSecret)).toEqual(values.map(() => what))
    for (const value of values) expect(looksSecret(`the key is ${value} today`), value).toBe(what)
  })
}

test('words, places and short or even runs are no secrets', () => {
  const plain = [
    'sk_live_',
    'https://api.example.com/v1/things',
    'postgres://db.internal:5432/app',
    'arn:aws:sns:us-east-1:123456789012:orders',
    'customerFacingCheckoutService',
    '12345678901234567890',
    'a1a1a1a1a1a1a1a1a1a1a1a1',
    'q7Zx2Lm9Vb4Nc8Rt1Ys',
  ]
  for (const value of plain) expect(looksSecret(value), value).toBeUndefined()
})
