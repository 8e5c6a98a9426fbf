import { expect, test } from 'vitest'

import { decodeBase64url, encodeBase64url } from './base64url.ts'

const bytes = Uint8Array.from([0xfb, 0xef, 0xff, 0x00, 0x10])

test('bytes have one spelling, and it is read back', () => {
  expect(encodeBase64url(bytes)).toBe('--__ABA')
  expect(decodeBase64url('--__ABA')).toEqual(bytes)
})

test.each([
  ['with padding', '--__ABA='],
  ['with a stray bit', '--__ABB'],
  ['with a letter too many, all of whose bits are zero', '--__A'],
  ['in the other alphabet', '++//ABA'],
  ['with white space', '--__ ABA'],
  ['with a letter beyond ASCII', '--__ABÄ'],
])('what is spelled %s is refused, or one token would have several', (_, text) => {
  expect(decodeBase64url('--__')).toEqual(bytes.slice(0, 3))
  expect(decodeBase64url(text)).toBeUndefined()
})
