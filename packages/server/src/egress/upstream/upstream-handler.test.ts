import type { Readable } from 'node:stream'

import type { Dispatcher } from 'undici'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { answerHandler } from './upstream-handler.ts'

let paused: boolean
let body: Readable | undefined
let controller: Dispatcher.DispatchController
let handler: ReturnType<typeof answerHandler>
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  paused = false
  body = undefined
  controller = {
    aborted: false,
    reason: null,
    get paused() {
      return paused
    },
    pause: () => void (paused = true),
    resume: () => void (paused = false),
    abort: () => undefined,
    rawHeaders: null,
    rawTrailers: null,
  }
  const call = {
    pool: 'p',
    origin: 'https://upstream.example',
    privateUpstream: false,
    method: 'GET',
    target: '/',
    headers: [],
    body: new Uint8Array(),
    timeoutMs: 1_000,
    signal: new AbortController().signal,
  }
  const begun = (answer: { readonly body: Readable | Uint8Array }): void => {
    if (!(answer.body instanceof Uint8Array)) body = answer.body
  }
  handler = answerHandler(
    call,
    () => 'TLSv1.3',
    begun,
    () => undefined,
  )
  handler.onRequestStart?.(controller, {})
  handler.onResponseStart?.(controller, 200, {}, 'OK')
})
afterEach(() => {
  body?.destroy()
  vi.useRealTimers()
})

const say = (part: string): void => handler.onResponseData?.(controller, Buffer.from(part))

it('hands on together what came together, and all of it before the end', async () => {
  const parts: string[] = []
  const ended = new Promise((resolve) => body?.on('data', (part) => parts.push(String(part))).on('end', resolve))
  for (const part of 'abc') say(part)
  await Promise.resolve()
  say('d')
  handler.onResponseEnd?.(controller, {})
  await ended
  expect(parts.join('')).toBe('abcd')
  expect(parts.length).toBeLessThanOrEqual(2)
})

it('asks an upstream for no more after so many parts of a byte, and after a while again', async () => {
  body?.resume()
  let unasked = 0
  for (let said = 0; said < 5_000; said += 1) {
    if (paused) unasked += 1
    else say('x')
  }
  expect(unasked).toBe(5_000 - 512)
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  expect(paused).toBe(true) // though all of it was taken
  vi.advanceTimersByTime(1_000)
  expect(paused).toBe(false)
})

it('goes on at once with as many parts that are worth it', async () => {
  body?.resume()
  for (let said = 0; said < 512; said += 1) say('x'.repeat(100))
  expect(paused).toBe(true)
  await new Promise((resolve) => setImmediate(resolve))
  expect(paused).toBe(false)
})
