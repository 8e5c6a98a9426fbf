import { expect, test } from 'vitest'

import { createLimiter } from './rate-limit.ts'

test('allows the calls of one interval at once and then one per share of it', () => {
  let now = 0
  const limiter = createLimiter(() => now)
  const limit = { calls: 2, perMs: 1000 }
  expect([limiter('alice', limit), limiter('alice', limit)]).toEqual([0, 0])
  expect(limiter('alice', limit)).toBe(500)
  expect(limiter('bob', limit)).toBe(0)
  now = 500
  expect(limiter('alice', limit)).toBe(0)
  expect(limiter('alice', limit)).toBeGreaterThan(0)
})

test('a clock that steps back gives nobody anything', () => {
  let now = 1000
  const limiter = createLimiter(() => now)
  const limit = { calls: 1, perMs: 1000 }
  expect(limiter('alice', limit)).toBe(0)
  now = 0
  expect(limiter('alice', limit)).toBeGreaterThan(0)
})

test('invented keys do not grow memory', () => {
  const limiter = createLimiter(() => 0, 3)
  const limit = { calls: 1, perMs: 1000 }
  for (const key of ['a', 'b', 'c', 'd']) limiter(key, limit)
  expect(limiter('d', limit)).toBeGreaterThan(0)
  expect(limiter('a', limit)).toBe(0)
})
