import { expect, test } from 'vitest'

import { fromBase64, toBase64 } from './base64.ts'

test.each([
  ['another character', 'AA*A'],
  ['space in front', ' AAA'],
  ['space at the end', 'AAA '],
  ['a lone character', 'A'],
  ['no padding', 'AA'],
  ['bits that the padding leaves over', 'AB=='],
])('bytes have one spelling: %s is refused, and throws nothing', (_, text) => {
  expect(fromBase64('AAAA')).toEqual(new Uint8Array(3))
  expect(fromBase64(toBase64(Uint8Array.of(255, 0)))).toEqual(Uint8Array.of(255, 0))
  expect(fromBase64(text)).toBeUndefined()
})
