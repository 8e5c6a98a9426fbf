import { expect, test } from 'vitest'

import { createBackOff } from './back-off.ts'

let now = 0
const create = () => createBackOff(() => now)

test('each failure to load in a row doubles the wait, up to ten seconds', () => {
  const backOff = create()
  const waits = Array.from({ length: 9 }, () => {
    backOff.failedToLoad()
    const from = now
    while (!backOff.mayStart()) now += 50
    return now - from
  })
  expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
  backOff.loaded()
  backOff.failedToLoad()
  now += 100
  expect(backOff.mayStart()).toBe(true)
})

test('a function that ends its process time and again waits, and one that answers in between does not', () => {
  const backOff = create()
  for (let crash = 1; crash < 5; crash++) expect(backOff.crashed()).toBe(false)
  expect(backOff.mayStart()).toBe(true)
  expect(backOff.crashed()).toBe(true)
  expect(backOff.mayStart()).toBe(false)
  now += 100
  expect(backOff.mayStart()).toBe(true)
  backOff.answered()
  expect(backOff.crashed()).toBe(false)
})

test('says how long it lasts, for those who wait meanwhile', () => {
  const backOff = create()
  expect(backOff.remainingMs()).toBe(0)
  backOff.failedToLoad()
  expect(backOff.remainingMs()).toBe(100)
  now += 100
  expect([backOff.remainingMs(), backOff.mayStart()]).toEqual([0, true])
})
