import { expect, test } from 'vitest'

import { compileBodyCheck } from './body-schema.ts'

const check = compileBodyCheck({
  type: 'object',
  properties: { amount: { type: 'integer', minimum: 1 } },
  required: ['amount'],
  additionalProperties: false,
})
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('lets a body through that fits', () => {
  expect(check(bytes('{"amount":5}'), 'application/json; charset=utf-8')).toBeUndefined()
})

test('tells where a body does not fit, and never what was there', () => {
  const reason = check(bytes('{"amount":"4242424242424242"}'), 'application/json')
  expect(reason?.code).toBe('request.schema')
  expect(reason?.message).toContain('/amount')
  expect(reason?.message).not.toContain('4242')
})

test.each([
  ['not JSON', bytes('{amount:5}'), 'application/json', 'request.json'],
  ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'application/json', 'request.json'],
  ['a repeated member', bytes('{"amount":5,"\\u0061mount":7}'), 'application/json', 'request.json'],
  [
    'more values than are read',
    bytes(`{"amount":5,"a":[${'1,'.repeat(300_000)}1]}`),
    'application/json',
    'request.json',
  ],
  ['another content type', bytes('{"amount":5}'), 'text/plain', 'request.content_type'],
  ['another charset', bytes('{"amount":5}'), 'application/json; charset=utf-7', 'request.content_type'],
  ['no content type', bytes('{"amount":5}'), undefined, 'request.content_type'],
])('refuses %s', (_name, body, contentType, code) => {
  expect(check(body, contentType)?.code).toBe(code)
})

const judge = (schema: unknown, value: unknown): string | undefined =>
  compileBodyCheck(schema)(bytes(JSON.stringify(value)), 'application/json')?.message

test('holds each text to its own pattern, and names to those of their names', () => {
  const schema = {
    properties: { a: { pattern: '^(x|y)+$' }, b: { pattern: '^(y|z)+$' } },
    patternProperties: { '^(n|m)+$': { type: 'number' } },
  }
  expect(judge(schema, { a: 'xy', b: 'yz', nm: 1 })).toBeUndefined()
  expect(judge(schema, { a: 'xz' })).toContain('/a ')
  expect(judge(schema, { b: 'xz' })).toContain('/b ')
  expect(judge(schema, { nm: 'x' })).toContain('/nm ')
})

test('judges a text that other matchers take minutes for, and one that is too long not at all', () => {
  const schema = { type: 'array', items: { not: { pattern: '^(\\w+\\s?)*$' } } }
  expect(judge(schema, [`${'a'.repeat(40)}!`])).toBeUndefined()
  expect(judge(schema, [`${'a'.repeat(400_000)}!`])).toContain('too long for the pattern')
  expect(judge(schema, [`${'a'.repeat(40)}!`, 'a'])).toContain('/1 ')
})

test('finds equal items among many', () => {
  const schema = { uniqueItems: true }
  const items: unknown[] = Array.from({ length: 20_000 }, (_, at) => ({ at, b: [at, null, 'x'] }))
  expect(judge(schema, items)).toBeUndefined()
  expect(judge(schema, [...items, { b: [7, null, 'x'], at: 7 }])).toContain('duplicate items')
  expect(judge(schema, [1, '1', true, 'true', null, [1], ['1'], [[1]], {}, { 1: 1 }])).toBeUndefined()
  expect(judge(schema, ['a', 'b', 'a'])).toContain('duplicate items')
  expect(judge({ uniqueItems: false }, [1, 1])).toBeUndefined()
})
