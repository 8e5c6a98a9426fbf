import { describe, expect, test } from 'vitest'

import { edited, exampleText, type Files, surroundingsOf } from '../testing/example.ts'
import { loadManifest } from './load-manifest.ts'

type Surroundings = ReturnType<typeof surroundingsOf>

function codesOf(text: string, files: Files = {}, changes: Partial<Surroundings> = {}): readonly string[] {
  const loaded = loadManifest('/app', { ...surroundingsOf({ 'sallyport.yaml': text, ...files }), ...changes })
  return loaded.ok ? [] : loaded.faults.map(({ code }) => code)
}

const issuer = edited('issuers:', 'issuers:\n  corp: { issuer: https://id.example, audience: a, jwks: keys.json }')
const key = { kty: 'OKP', crv: 'Ed25519', x: 'AQAB', kid: 'k1' }

test.each([
  ['no JSON', '{'],
  ['null', 'null'],
  ['a list', JSON.stringify([key])],
  ['no list of keys', JSON.stringify({ keys: { k1: key } })],
  ['no keys', '{ "keys": [] }'],
  ['a private key', JSON.stringify({ keys: [{ ...key, d: 'no-secret' }] })],
  ['a key that both sides hold', JSON.stringify({ keys: [{ kty: 'oct', k: 'no-secret' }] })],
])('a file of %s is no key set', (_, text) => {
  expect(codesOf(issuer, { 'keys.json': JSON.stringify({ keys: [key] }) }), 'control').toEqual([])
  expect(codesOf(issuer, { 'keys.json': text })).toEqual(['manifest.wrong_type'])
})

const deep = (levels: number): string => `${'{"not":'.repeat(levels)}true${'}'.repeat(levels)}`
test.each([
  ['no JSON', '{'],
  ['a schema that is a text', '"string"'],
  ['a schema that nests too deep', deep(40)],
  ['a schema among several that is none', '{ "anyOf": [{ "type": "object" }, 7] }'],
  ['a keyword that nobody knows', '{ "tpye": "object" }'],
])('a file of %s is no body schema', (_, text) => {
  expect(codesOf(exampleText, { 'schemas/refund.json': deep(30) }), 'control').toEqual([])
  expect(codesOf(exampleText, { 'schemas/refund.json': text })).toEqual(['manifest.schema_document'])
})

describe('a guest', () => {
  const guest = (file: string, more = ''): string =>
    edited('zones:  ', `guests: { shop: { policy: ${file}${more} } }\nzones:  `)
  const cedar = 'permit(principal, action, resource);'
  const wasm = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])

  test('is a file that is there and can be read', () => {
    expect(codesOf(guest('shop.cedar'), { 'shop.cedar': cedar })).toEqual([])
    expect(codesOf(guest('shop.cedar'))).toContain('manifest.file_missing')
    const unreadable = codesOf(guest('shop.cedar'), { 'shop.cedar': cedar }, { readBytes: () => undefined })
    expect(unreadable).toContain('manifest.file_missing')
  })

  test.each<readonly [string, string, Files]>([
    ['of no text', guest('shop.cedar'), { 'shop.cedar': Uint8Array.from([0x70, 0xff]) }],
    ['of nothing', guest('shop.cedar'), { 'shop.cedar': ' \n' }],
    ['of no plain name', edited('zones:  ', 'guardrails: [Shop.cedar]\nzones:  '), { 'Shop.cedar': cedar }],
    ['whose data is no JSON', guest('shop.wasm', ', data: d.json'), { 'shop.wasm': wasm, 'd.json': '{' }],
    ['whose data is a list', guest('shop.wasm', ', data: d.json'), { 'shop.wasm': wasm, 'd.json': '[]' }],
  ])('%s is none', (_, text, files) => {
    expect(codesOf(guest('shop.wasm', ', data: d.json'), { 'shop.wasm': wasm, 'd.json': '{}' }), 'control').toEqual([])
    expect(codesOf(text, files)).toContain('manifest.guest_policy')
  })

  test('is asked about what there is, whatever it is called', () => {
    const asks = (what: string): readonly string[] =>
      codesOf(guest('shop.cedar', `, asks: [${what}]`), { 'shop.cedar': cedar })
    expect(asks('routes')).toEqual([])
    for (const what of ['constructor', 'nothing']) expect(asks(what), what).toEqual(['manifest.unresolved_name'])
  })
})

describe('a document that is attached', () => {
  const attached = edited(
    '    can: { email: [send] }',
    '    can: { email: [send] }\n    policies: [policies/orders.json]',
  )
  const table = 'arn:aws:dynamodb:us-east-1:123456789012:table/Orders'
  const statement = (said: object): Files => ({
    'policies/orders.json': JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', ...said } }),
  })

  test.each([
    ['every action but some', { NotAction: 'dynamodb:PutItem', Resource: table }],
    ['every resource but some', { Action: 'dynamodb:PutItem', NotResource: table }],
  ])('grants not %s', (_, said) => {
    expect(codesOf(attached, statement({ Action: 'dynamodb:PutItem', Resource: table })), 'control').toEqual([])
    expect(codesOf(attached, statement(said))).toEqual(['manifest.wildcard'])
  })
})

test.each([
  ['to: "tcp://${HOST}:6379"', ['manifest.substitution']],
  ['to: "tcp://cache.example.com:6379"', []],
  ['to: "tcp://cache.example.com:0"', ['manifest.wrong_type']],
  ['to: "postgres://db.example.com", user: u, password: "{stripe-key}"', ['manifest.missing_key']],
  ['to: "postgres://db.example.com", user: u, password: "{stripe-key}", database: d', []],
])('a door { %s } has the faults %j', (door, codes) => {
  expect(codesOf(edited('doors:', `doors:\n  inner: { ${door} }`))).toEqual(codes)
})

test('of two roles that are not to be active at one time one is asked for', () => {
  const separation = (roles: string): string => edited('zones:  ', `separation: { dynamic: [[${roles}]] }\nzones:  `)
  expect(codesOf(separation('support, admin'))).toEqual([])
  expect(codesOf(separation('support, customer'))).toEqual(['manifest.separation_of_duty'])
})
