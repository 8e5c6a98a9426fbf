import { createServer, type ServerResponse } from 'node:http'

import { describe, expect, it, vi } from 'vitest'

import { endings, listen, open } from '../testing/endings.ts'
import { ask } from '../testing/harness.ts'
import { createSlots, slotsOfBox } from './slots.ts'

vi.setConfig({ testTimeout: 60_000 })

describe('places for calls', () => {
  it('are so many, go to those who wait in their order, and are given back once', async () => {
    const slots = createSlots(1)
    const first = slots.take()
    expect(typeof first).toBe('function')
    const order: number[] = []
    const others = [1, 2].map(async (number) => {
      const free = await slots.take()
      order.push(number)
      return free
    })
    if (typeof first === 'function') {
      first()
      first() // a second time frees nobody else's
    }
    const next = await others[0]
    expect(order).toEqual([1])
    next?.()
    await others[1]
    expect(order).toEqual([1, 2])
  })

  it('are held by one box at one door until its answers have ended, and the rest of its calls wait', async () => {
    const waiting: ServerResponse[] = []
    const server = createServer((message, response) => {
      message.resume()
      waiting.push(response)
    })
    endings.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const harness = await open(await listen(server))
    const calls = Array.from({ length: slotsOfBox + 3 }, () =>
      ask(harness, 'https://api.stripe.com/v1/payment_intents'),
    )
    await expect.poll(() => harness.decisions.length, { timeout: 10_000 }).toBe(slotsOfBox + 3)
    await expect.poll(() => waiting.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(slotsOfBox)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(waiting).toHaveLength(slotsOfBox)
    for (let answered = 0; answered < calls.length;) {
      await expect.poll(() => waiting.length, { timeout: 10_000 }).toBeGreaterThan(0)
      for (const response of waiting.splice(0)) {
        response.end('{}')
        answered += 1
      }
    }
    for (const { status } of await Promise.all(calls)) expect(status).toBe(200)
  })
})
