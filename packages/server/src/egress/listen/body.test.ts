import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'

import { describe, expect, it } from 'vitest'

import { type BodyLimits, type Content, takeBody } from './body.ts'
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
    reserve: () => true,
    full: () => doorReason('exit.too_many_bytes', 'full'),
  }
}

/** All that bodies ask of it. */
const incomingOf = (body: PassThrough): Incoming =>
  ({ body: { kind: 'stream', stream: body }, proceed: () => undefined }) as Partial<Incoming> as Incoming

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
