import { expect, test } from 'vitest'

import { readResult } from './opa-result.ts'

test.each([
  [[{ result: true }], { verdict: 'allow' }],
  [[{ result: false }], { verdict: 'deny' }],
  [[{ result: { allow: true } }], { verdict: 'allow' }],
  [[{ result: { allow: false, reason: 'closed' } }], { verdict: 'deny', detail: 'closed' }],
  [[{ result: { allow: false, reason: 1 } }], { verdict: 'deny' }],
])('%j is a verdict', (value, said) => {
  expect(readResult(value)).toEqual(said)
})

test('an empty result set is undefined, which is no verdict', () => {
  expect(readResult([])).toMatchObject({ fault: 'guest.undefined' })
})

test.each([
  true,
  'allow',
  { result: true },
  [true],
  [{ result: 'true' }],
  [{ result: 1 }],
  [{ result: {} }],
  [{ result: { allow: 'true' } }],
  [{ result: [true] }],
  [{ allow: true }],
  [null],
  [{ result: true }, { result: true }],
])('%j is no verdict', (value) => {
  expect(readResult(value)).toMatchObject({ fault: 'guest.faulty' })
})
