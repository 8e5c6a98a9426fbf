import fc from 'fast-check'
import { expect, test } from 'vitest'

import { duplicateMember, endOfString } from './duplicate-member.ts'

test('a string ends where JSON has it end, whatever backslashes stand in it', () => {
  const pieces = ['a', '\\', '"', '{', '}', ':', '\n', '_']
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 10 }), (parts) => {
      const text = JSON.stringify(parts.join(''))
      expect(endOfString(`${text},"b"`, 0)).toBe(text.length - 1)
    }),
  )
})

test('names are compared as they are meant, with and without escapes in them', () => {
  expect(duplicateMember('{"a\\"b":1,"a\\u0022b":2}')).toBe('a"b')
  expect(duplicateMember('{"a\\\\":1,"a":2}')).toBeUndefined()
})
