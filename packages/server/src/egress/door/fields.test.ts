import type { DoorOperation } from '@sallyport/manifest'
import { expect, test } from 'vitest'

import { judgeBody, judgeQuery } from './fields.ts'

const amount = { open: false, fields: [{ name: 'amount', optional: false, in: ['1', '3'] }] }
const operation: DoorOperation = {
  name: 'charge',
  method: 'POST',
  path: '/v1/charge',
  query: amount,
  body: amount,
  timeoutMs: 1_000,
  maxBodyBytes: 1_000,
  retries: 0,
  at: { file: 'sallyport.yaml', line: 1, column: 1 },
}
const json = 'application/json'
const form = 'application/x-www-form-urlencoded'
const none = new Map<string, string>()

const query = (text: string): string => judgeQuery(text, operation, none).kind
const body = (text: string, type = json): string => judgeBody(Buffer.from(text), type, operation, none).kind

test('a query and a body are read, judged and written anew', () => {
  expect(judgeQuery('?amount=%31', operation, none)).toEqual({ kind: 'fits', value: '?amount=1' })
  expect(judgeBody(Buffer.from('{"amount": 1}'), json, operation, new Map([['key', 'k']]))).toEqual({
    kind: 'fits',
    value: Buffer.from('{"amount":1,"key":"k"}'),
  })
  expect([body('amount=3', form), body('{"amount":3}', 'application/vnd.api+json; charset="UTF-8"')]).toEqual([
    'fits',
    'fits',
  ])
  expect([query('?amount=2'), body('{"amount":2}'), body('amount=2', form)]).toEqual(['broken', 'broken', 'broken'])
})

test('a parameter that has no value has an empty one', () => {
  const { query: _, ...open } = operation
  expect(judgeQuery('?flag&a=1', open, new Map([['key', 'k']]))).toEqual({ kind: 'fits', value: '?flag=&a=1&key=k' })
})

test('a form has so many parameters, and is not read beyond them', () => {
  const { body: _, ...open } = operation
  const judged = (count: number): string =>
    judgeBody(Buffer.from(Array(count).fill('a=1').join('&')), form, open, new Map([['key', 'k']])).kind
  expect([judged(4_096), judged(4_097)]).toEqual(['fits', 'unreadable'])
})

test('what a door adds deep in a body is there whatever the body has of the way', () => {
  const { body: _, ...open } = operation
  const added = new Map([['auth.of.key', 'k']])
  for (const [text, whole] of [
    ['{}', { auth: { of: { key: 'k' } } }],
    ['{"auth":1}', { auth: { of: { key: 'k' } } }],
    ['{"auth":[1]}', { auth: { of: { key: 'k' } } }],
    ['{"auth":{"of":{"a":1,"key":"mine"}}}', { auth: { of: { a: 1, key: 'k' } } }],
  ] as const) {
    const judged = judgeBody(Buffer.from(text), json, open, added)
    expect(judged.kind === 'fits' && JSON.parse(Buffer.from(judged.value).toString()), text).toEqual(whole)
  }
})

for (const [what, text] of [
  ['half a letter', '?amount=1&amount=%zz'],
  ['bytes that are no UTF-8', '?amount=%ff'],
  ['a parameter without a name', '?amount=1&=2'],
  ['a space as it stands', '?amount=1 '],
  ['what is not ASCII', '?amount=1&\u{e9}=1'],
] as const) {
  test(`a query with ${what} has more than one reading`, () => expect(query(text)).toBe('unreadable'))
}

for (const [what, type, text] of [
  ['of another kind', 'text/plain', 'amount=1'],
  ['in another charset', `${form}; charset=utf-7`, 'amount=1'],
  ['of no kind', '', '{"amount":1}'],
  ['in JSON with a member twice', json, '{"amount":1,"amount":1}'],
  ['in JSON with a number of too many digits', json, '{"amount":1.0000000000000000001}'],
  ['in JSON with a number beyond all', json, '{"amount":1e999}'],
] as const) {
  test(`a body ${what} is not judged, and not sent`, () => expect(body(text, type)).toBe('unreadable'))
}

test('a number within a text has as many digits as it likes', () => {
  const open = { ...operation, body: { open: true, fields: [] } }
  expect(judgeBody(Buffer.from('{"id":"\\"12345678901234567890"}'), json, open, none).kind).toBe('fits')
  const kindOf = (number: string): string => judgeBody(Buffer.from(`{"id":${number}}`), json, open, none).kind
  expect([kindOf('123456789012345'), kindOf('1234567890123456')]).toEqual(['fits', 'unreadable'])
})
