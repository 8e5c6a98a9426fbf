import { createServer, type ServerResponse } from 'node:http'
import { request } from 'node:https'

import { describe, expect, it, vi } from 'vitest'

import { endings, listen, open } from '../testing/endings.ts'
import type { InvocationResult } from '../../host/index.ts'
import { ask, openHarness } from '../testing/harness.ts'
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

  it('are held by one box of another function too, and the rest of its calls wait', async () => {
    const answers: (() => void)[] = []
    const begun: string[] = []
    const harness = await openHarness({
      functionName: 'orders',
      rooms: {
        invokeFunction: ({ functionName }) => {
          begun.push(functionName)
          const { promise, resolve } = Promise.withResolvers<InvocationResult>()
          answers.push(() => resolve({ kind: 'response', body: Buffer.from('{"statusCode":200}') }))
          return promise
        },
      },
    })
    endings.push(() => harness.close())
    const calls = Array.from({ length: slotsOfBox + 3 }, () => ask(harness, 'http://payments.fn.internal/charge'))
    const other = ask(harness, 'http://notifications.fn.internal/receipt')
    await expect.poll(() => harness.decisions.length, { timeout: 10_000 }).toBe(slotsOfBox + 4)
    await expect.poll(() => begun.length, { timeout: 10_000 }).toBeGreaterThan(slotsOfBox)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(begun.toSorted()).toEqual(['notifications', ...Array(slotsOfBox).fill('payments')])
    while (begun.length < slotsOfBox + 4 || answers.length > 0) {
      for (const answer of answers.splice(0)) answer()
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (const { status } of await Promise.all([other, ...calls])) expect(status).toBe(200)
  })

  it('are held by what is to become a WebSocket until it is one', async () => {
    const opening: (() => void)[] = []
    const server = createServer()
    server.on('upgrade', (_, socket) => {
      socket.on('error', () => undefined)
      endings.push(() => socket.destroy())
      const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
      opening.push(() => void socket.write(`${switched}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n`))
    })
    endings.push(() => server.close())
    const harness = await open(await listen(server), { charge: '{ request: GET /v1/feed }' })
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    let opened = 0
    for (let made = 0; made < slotsOfBox + 3; made++) {
      const asked = request({
        host: '127.0.0.1',
        port: harness.httpsPort,
        servername: 'api.stripe.com',
        ca: harness.caPem,
        path: '/v1/feed',
        agent: false,
        headers: { host: 'api.stripe.com', ...headers },
      })
      asked.on('error', () => undefined)
      asked.once('upgrade', (_, socket) => {
        opened += 1
        endings.push(() => socket.destroy())
      })
      asked.end()
    }
    await expect.poll(() => opening.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(slotsOfBox)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(opening).toHaveLength(slotsOfBox)
    for (const go of opening) go()
    await expect.poll(() => opened, { timeout: 10_000 }).toBe(slotsOfBox)
    await expect.poll(() => opening.length, { timeout: 10_000 }).toBe(slotsOfBox + 3) // those that are open hold none
  })
})
