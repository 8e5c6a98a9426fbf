import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'

import { describe, expect, it } from 'vitest'

import { type BodyLimits, type BodyRead, type Content, takeBody } from './body.ts'
import { doorReason } from './head.ts'
import type { Incoming, Pace } from '../../parser/index.ts'

/** A pace that lets nothing go until it is told. */
function closedPace(): { readonly pace: Pace; readonly asked: () => number; readonly open: () => void } {
  const waiting: (() => void)[] = []
  const pace: Pace = {
    now: () => false,
    later: () => new Promise((go) => waiting.push(go)),
    release: () => undefined,
  }
  return { pace, asked: () => waiting.length, open: () => waiting.splice(0).forEach((go) => go()) }
}

function limitsOf(pace: Pace): BodyLimits {
  return {
    signal: new AbortController().signal,
    maxBytes: 1_000_000,
    timeoutMs: 10_000,
    pace,
    byteCost: 0.001,
    reserve: () => true,
    full: () => doorReason('exit.too_many_bytes', 'full'),
  }
}

/** All that bodies ask of it. */
const incomingOf = (body: PassThrough): Incoming =>
  ({ body: { kind: 'stream', stream: body }, proceed: () => undefined }) as Partial<Incoming> as Incoming

describe('a body that is whole', () => {
  it('costs what is done with its bytes', async () => {
    const costs: number[] = []
    const { pace } = closedPace()
    const limits = { ...limitsOf({ ...pace, now: (cost) => costs.push(cost) > 0 }), byteCost: 0.5 }
    const bytes = Buffer.alloc(10)
    await takeBody({ body: { kind: 'whole', bytes } } as Partial<Incoming> as Incoming, 10, true, limits)
    expect(costs).toEqual([5])
  })
})

describe('a body of a flood', () => {
  it('waits for its share after each part, and arrives whole', async () => {
    const { pace, asked, open } = closedPace()
    const body = new PassThrough()
    const read = await takeBody(incomingOf(body), undefined, false, limitsOf(pace))
    const content: Content | undefined = read.kind === 'body' ? read.content : undefined
    if (content?.kind !== 'stream') throw new Error('it does not stream')
    const whole = buffer(content.open())
    body.write('a'.repeat(1_000))
    await expect.poll(asked).toBe(1)
    expect(body.isPaused()).toBe(true)
    body.end('b'.repeat(1_000))
    open()
    await expect.poll(asked).toBe(1)
    open()
    expect((await whole).toString()).toBe('a'.repeat(1_000) + 'b'.repeat(1_000))
  })

  it('waits for its share when it is read whole, too', async () => {
    const { pace, asked, open } = closedPace()
    const body = new PassThrough()
    const reading = takeBody(incomingOf(body), undefined, true, limitsOf(pace))
    body.write('a'.repeat(1_000))
    await expect.poll(asked).toBe(1)
    body.end('b')
    open()
    await expect.poll(asked).toBe(1)
    open()
    expect(await reading).toMatchObject({ kind: 'body', reserved: 1_001 })
  })
})

/** What waits for ever is told here, and not by the end of the test. */
function soon<T>(what: T | Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('it waits')), 5_000)
  return Promise.race([what, promise]).finally(() => clearTimeout(timer))
}

describe('a body that is bounded', () => {
  const open: Pace = { now: () => true, later: async () => undefined, release: () => undefined }
  const bounds = { ...limitsOf(open), maxBytes: 10 }
  const ways = {
    'that came with its head': (text: string, limits: BodyLimits) =>
      takeBody({ body: { kind: 'whole', bytes: Buffer.from(text) } } as Partial<Incoming> as Incoming, 0, true, limits),
    'that is read whole': (text: string, limits: BodyLimits) => {
      const body = new PassThrough()
      const reading = takeBody(incomingOf(body), undefined, true, limits)
      body.end(text)
      return reading
    },
  }
  const codeOf = (read: BodyRead): string => (read.kind === 'body' ? 'taken' : read.reason.code)

  for (const [what, take] of Object.entries(ways)) {
    it(`${what} has so many bytes and no more`, async () => {
      expect(codeOf(await take('a'.repeat(10), bounds)), 'control').toBe('taken')
      expect(codeOf(await take('a'.repeat(11), bounds))).toBe('request.too_large')
    })

    it(`${what} is held where there is room for it`, async () => {
      const asked: number[] = []
      const reserve = (bytes: number): boolean => asked.push(bytes) === 1
      expect(codeOf(await take('aaa', { ...bounds, reserve })), 'control').toBe('taken')
      expect(codeOf(await take('aaa', { ...bounds, reserve }))).toBe('exit.too_many_bytes')
      expect(asked).toEqual([3, 3])
    })
  }

  for (const [how, end] of [
    ['does not end in time', () => undefined],
    ['breaks', (body) => body.destroy(new Error('reset'))],
    ['is closed before its end', (body) => body.destroy()],
    ['outlives its invocation', (_, invocation) => invocation.abort()],
    ['comes when its invocation has ended', (_, invocation) => invocation.abort()],
  ] as readonly (readonly [string, (body: PassThrough, invocation: AbortController) => unknown])[]) {
    it(`that is read whole and ${how} is refused`, async () => {
      const [body, invocation] = [new PassThrough(), new AbortController()]
      const timeoutMs = how === 'does not end in time' ? 20 : 600_000
      const waits = how === 'comes when its invocation has ended'
      if (waits) end(body, invocation)
      const reading = takeBody(incomingOf(body), undefined, true, { ...bounds, timeoutMs, signal: invocation.signal })
      body.write('aaa')
      if (!waits) setImmediate(() => end(body, invocation))
      expect(codeOf(await soon(reading))).toBe('exit.unfinished')
    })
  }

  async function streamed(timeoutMs: number, send: (body: PassThrough) => unknown): Promise<unknown> {
    const body = new PassThrough()
    const read = await takeBody(incomingOf(body), undefined, false, { ...bounds, timeoutMs })
    if (read.kind === 'refused' || read.content.kind !== 'stream') throw new Error('it does not stream')
    const whole = buffer(read.content.open()).then(String, (error: { readonly code?: string }) => error.code)
    send(body)
    return soon(whole)
  }

  for (const [how, code, timeoutMs, send] of [
    ['has more bytes than it may', 'request.too_large', 600_000, (body) => body.end('a'.repeat(11))],
    ['does not go on in time', 'exit.unfinished', 20, (body) => body.write('aaa')],
    ['breaks', 'exit.unfinished', 600_000, (body) => body.destroy(new Error('reset'))],
    ['is closed before its end', 'exit.unfinished', 600_000, (body) => body.destroy()],
  ] as readonly (readonly [string, string, number, (body: PassThrough) => unknown])[]) {
    it(`that streams and ${how} breaks, and is no shorter one`, async () => {
      expect(await streamed(600_000, (body) => body.end('a'.repeat(10))), 'control').toBe('a'.repeat(10))
      expect(await streamed(timeoutMs, send)).toBe(code)
    })
  }
})
