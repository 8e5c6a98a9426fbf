import fc from 'fast-check'
import { expect, test } from 'vitest'

import { duplicateMember } from './duplicate-member.ts'

test.each([
  ['{"a":1,"a":2}', 'a'],
  ['{"a":1,"\\u0061":2}', 'a'],
  ['{"x":{"TableName":"a"},"y":[{"b":1,"b":2}]}', 'b'],
  ['{"a" :1, "a"\n:2}', 'a'],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
])('finds the repeated name in %s', (text, name) => {
  expect(duplicateMember(text)).toBe(name)
})

test.each([
  '{"a":"a"}',
  '["a","a"]',
  '{"a":{"a":{"a":1}}}',
  '[{"a":1},{"a":2}]',
  '{"a":"\\"b\\":1","b":2}',
  '"a"',
  '7',
])('finds nothing in %s', (text) => {
  expect(duplicateMember(text)).toBeUndefined()
})

test('whatever JSON.stringify writes has unique names, and repeating one member is always found', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
      const text = JSON.stringify(value)
      expect(duplicateMember(text)).toBeUndefined()
      const [name = ''] = Object.keys(value)
      const repeated = `${text.slice(0, -1)},${JSON.stringify(name)}:0}`
      expect(duplicateMember(repeated)).toBeDefined()
    }),
    { seed: 7 },
  )
})
