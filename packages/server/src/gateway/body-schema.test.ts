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
  ['another content type', bytes('{"amount":5}'), 'text/plain', 'request.content_type'],
  ['another charset', bytes('{"amount":5}'), 'application/json; charset=utf-7', 'request.content_type'],
  ['no content type', bytes('{"amount":5}'), undefined, 'request.content_type'],
])('refuses %s', (_name, body, contentType, code) => {
  expect(check(body, contentType)?.code).toBe(code)
})
