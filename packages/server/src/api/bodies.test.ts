import { expect, test } from 'vitest'

import { reasonIn } from './bodies.ts'

const bodyWith = (reason: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify({ reason }))

test.each([' the refund of order 7 ', '返金', '👍', 'é'])('%j is a reason', (reason) => {
  expect(reasonIn(bodyWith(reason))).toBe(reason.trim())
})

test.each(['', ' \n\t', '\u200b\u2060', '\u00ad', '\u3164\uffa0', '\u2800', '\u0007', 7, null])(
  'nobody could read %j, so no reason was given',
  (reason) => expect(reasonIn(bodyWith(reason))).toBe(''),
)

test('a reason that shows nothing until it is cut is none', () => {
  expect(reasonIn(bodyWith(`${'\u200b'.repeat(600)}hidden`))).toBe('')
})
