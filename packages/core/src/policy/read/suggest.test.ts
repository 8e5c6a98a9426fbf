import fc from 'fast-check'
import { expect, test } from 'vitest'

import { nearestWord } from './suggest.ts'

test('a slip of the hand is known: a letter too many, too few, another, or two that changed places', () => {
  const known = ['orders', 'payments', 'storefront']
  for (const [written, meant] of [
    ['order', 'orders'],
    ['orderss', 'orders'],
    ['orderz', 'orders'],
    ['odrers', 'orders'],
    ['ORDERS', 'orders'],
    ['paymetns', 'payments'],
    ['shipping', undefined],
    ['', undefined],
  ] as const) {
    expect(nearestWord(written, known), written).toBe(meant)
  }
})

test('two letters that changed places are one slip, so a short word is still found', () => {
  expect(nearestWord('fo', ['of'])).toBe('of')
  expect(nearestWord('xy', ['of'])).toBeUndefined()
})

test('what was written may be as long as it likes', () => {
  expect(nearestWord('x'.repeat(1_000_000), ['x'.repeat(1_000_000 - 1), 'x'])).toBeUndefined()
})

test('a known word is nearest to itself', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 40 }), fc.array(fc.string({ maxLength: 40 })), (word, others) => {
      expect(nearestWord(word, [...others, word])?.toLowerCase()).toBe(word.toLowerCase())
    }),
  )
})
