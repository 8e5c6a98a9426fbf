import { expect, test } from 'vitest'

import { equalBytes, equalText } from './equal.ts'

test.each([
  ['secret', 'secret', true],
  ['secret', 'secreT', false],
  ['Secret', 'secret', false],
  ['secret', 'secrets', false],
  ['secrets', 'secret', false],
  ['', 's', false],
  ['', '', true],
])('%j and %j are equal: %s', (one, other, same) => {
  expect(equalText(one, other)).toBe(same)
  expect(equalBytes(Buffer.from(one), Buffer.from(other))).toBe(same)
})
