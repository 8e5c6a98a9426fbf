import { PassThrough, type Readable } from 'node:stream'

import type { Dispatcher } from 'undici'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { answerHandler } from './upstream-handler.ts'

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

let paused: boolean
let reason: unknown
let body: Readable | undefined
let controller: Dispatcher.DispatchController
let handler: ReturnType<typeof answerHandler>
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  paused = false
  body = undefined
  reason = undefined
  controller = {
    aborted: false,
    reason: null,
    get paused() {
      return paused
    },
    pause: () => void (paused = true),
    resume: () => void (paused = false),
    abort: (given) => void (reason = given),
    rawHeaders: null,
    rawTrailers: null,
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

/** A call whose answer has not begun. */
function asked(sent: Uint8Array | Readable = new Uint8Array()): (status: number) => void {
  const fresh = answerHandler(
    { ...call, body: sent },
    () => 'none',
    () => undefined,
    () => undefined,
  )
  fresh.onRequestStart?.(controller, {})
  return (status) => fresh.onResponseStart?.(controller, status, { 'content-length': '0' }, '')
}

it('asks for nothing once its right has ended', () => {
  const ask = (signal: AbortSignal): void => {
    const nobody = (): void => undefined
    const fresh = answerHandler({ ...call, signal }, () => 'none', nobody, nobody)
    fresh.onRequestStart?.(controller, {})
  }
  ask(new AbortController().signal)
  expect(reason, 'control').toBeUndefined()
  ask(AbortSignal.abort())
  expect(reason).toMatchObject({ code: 'upstream.aborted' })
})

it('takes a small answer whole, in however many parts it comes', async () => {
  const answered = new Promise<Uint8Array | Readable>((resolve) => {
    handler = answerHandler(
      call,
      () => 'none',
      (answer) => resolve(answer.body),
      () => undefined,
    )
  })
  handler.onRequestStart?.(controller, {})
  handler.onResponseStart?.(controller, 200, { 'content-length': '600' }, 'OK')
  for (let said = 0; said < 600; said += 1) say('x')
  expect(paused).toBe(false)
  handler.onResponseEnd?.(controller, {})
  expect(await answered).toEqual(Buffer.from('x'.repeat(600)))
})

it('waits no longer for an answer because heads come before it', () => {
  const begin = asked()
  for (let waited = 0; waited < 1_000; waited += 250) {
    begin(102)
    vi.advanceTimersByTime(250)
  }
  expect(reason).toMatchObject({ code: 'upstream.timeout' })
})

it('waits as long as it takes to send a body, and for an answer that has begun', () => {
  const sending = new PassThrough()
  asked(sending)(103)
  vi.advanceTimersByTime(2_500)
  expect(reason).toBeUndefined()
  sending.end().resume()
  const begin = asked()
  begin(103)
  begin(200)
  vi.advanceTimersByTime(2_500)
  expect(reason).toBeUndefined()
})

it('takes a few heads before the answer, and no flood of them', () => {
  const begin = asked()
  for (let said = 0; said < 32; said += 1) begin(103)
  expect(reason).toBeUndefined()
  begin(103)
  expect(reason).toMatchObject({ code: 'upstream.failed' })
})
