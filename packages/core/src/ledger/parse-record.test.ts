import type { LedgerRecord } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import { parseRecord } from './index.ts'

const records: readonly LedgerRecord[] = [
  {
    kind: 'decision',
    id: '0'.repeat(32),
    at: 1,
    door: 'egress',
    transaction: 't',
    subject: 'arn:sallyport:function:checkout:restricted:payments',
    subjectName: 'payments',
    actors: [],
    effect: 'deny',
    layer: 'door',
    reasons: [{ code: 'door.unlisted', layer: 'door', message: 'no such door' }],
    asked: [{ action: 'sallyport:UseDoor', resource: 'arn:sallyport:door:checkout::stripe/charge' }],
    context: { 'sallyport:Roles': ['customer'], 'aws:MultiFactorAuthPresent': true, n: 1 },
    durability: 'synced',
    manifest: 'ab',
    isolation: 'box',
    upstream: { host: 'api.stripe.com', tls: 'TLSv1.3' },
  },
  { kind: 'outcome', at: 2, decision: 'd', transaction: 't', outcome: 'unknown' },
  { kind: 'configuration', at: 3, digest: 'd', author: 'ada', broadens: false, accessDiff: ['+ a'] },
  { kind: 'lifecycle', at: 4, event: 'recovered', detail: '' },
  { kind: 'elevation', at: 5, event: 'requested', request: 'r', subject: 's', role: 'admin', powers: 'p' },
  { kind: 'revocation', at: 6, target: 'user/alice', reason: 'left' },
  { kind: 'sign-in', at: 7, event: 'refused', code: 'sign-in.password', address: '127.0.0.1' },
  { kind: 'gap', at: 7, lost: 3, cause: 'ledger.full' },
  { kind: 'name', at: 8, subject: 's', name: 'api.example', types: ['A'], answer: '198.18.0.1', count: 2 },
]
const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

test.each(records.map((record) => [record.kind, record] as const))('reads a %s record', (_, record) => {
  expect(parseRecord(encode(record))).toEqual(record)
})

const kinds = records.map((record) => [record.kind, record] as const)
test.each(kinds)('refuses a %s record without a field', (_, record) => {
  const optional = new Set(['layer', 'upstream'])
  for (const field of Object.keys(record).filter((name) => !optional.has(name))) {
    for (const value of [undefined, null]) {
      const code = 'ledger.record_malformed'
      expect(() => parseRecord(encode({ ...record, [field]: value }))).toThrow(expect.objectContaining({ code }))
    }
  }
})

test.each([
  ['text that is not JSON', Buffer.from('{')],
  ['bytes that are not UTF-8', Buffer.from(JSON.stringify({ ...records[1], detail: '\u00ff' }), 'latin1')],
  ['an unknown kind', encode({ kind: 'constructor' })],
  ['a list', encode([])],
  ['null', encode(null)],
  ['a context value that is an object', encode({ ...records[0], context: { a: {} } })],
  ['a context that is a list', encode({ ...records[0], context: ['a'] })],
  ['an effect that is none', encode({ ...records[0], effect: 'maybe' })],
  ['an actor without a name', encode({ ...records[0], actors: [1] })],
  ['actors that are no list', encode({ ...records[0], actors: 'a' })],
  ['a reason that is empty', encode({ ...records[0], reasons: [{}] })],
  ['a reason that is null', encode({ ...records[0], reasons: [null] })],
  ['a moment that never comes', Buffer.from(JSON.stringify(records[1]).replace('"at":2', '"at":1e999'))],
  ['fewer bytes than none', encode({ ...records[1], sentBytes: -1 })],
  ['half a byte', encode({ ...records[1], sentBytes: 0.5 })],
])('refuses %s', (_, bytes) => {
  expect(() => parseRecord(bytes)).toThrow(expect.objectContaining({ code: 'ledger.record_malformed' }))
})

test('keeps a field that a newer writer added', () => {
  expect(parseRecord(encode({ ...records[6], later: 1 }))).toHaveProperty('later', 1)
})
