import { describe, expect, it } from 'vitest'

import { createPace } from './pace.ts'

describe('the pace of a box', () => {
  it('lets a burst go, and after it as much as time has passed', () => {
    let at = 10
    const pace = createPace(() => at)
    const some = (): number => Array.from({ length: 20 }, () => pace.now(0.5)).filter(Boolean).length
    expect(some()).toBe(8)
    at = 11
    expect(some()).toBe(2)
    at = 1_000
    expect(some()).toBe(8)
  })

  it('keeps the order of those who wait, and lets nobody go before them', async () => {
    let at = 0
    const pace = createPace(() => (at += 1))
    const order: number[] = []
    expect(pace.now(100)).toBe(true)
    const all = [1, 2, 3].map(async (number) => {
      await pace.later(0.5)
      order.push(number)
    })
    at += 500
    expect(pace.now(0.25)).toBe(false) // others wait already
    await Promise.all(all)
    expect(order).toEqual([1, 2, 3])
  })

  it('lets no crowd in, however late it comes to those who wait', async () => {
    let at = 0
    const pace = createPace(() => at)
    expect(pace.now(4)).toBe(true)
    let served = 0
    const all = Array.from({ length: 8 }, async () => {
      await pace.later(0.5)
      served += 1
    })
    at = 1_000
    await all[1]
    expect(served).toBeLessThanOrEqual(2)
    pace.release()
    await Promise.all(all)
  })

  it('lets all go at the end', async () => {
    const pace = createPace(() => 0)
    const all = Array.from({ length: 100 }, () => pace.later(1))
    pace.release()
    await Promise.all(all)
    expect(pace.now(0.1)).toBe(true)
  })
})
