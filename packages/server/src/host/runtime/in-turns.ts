import type { Readable } from 'node:stream'
import { setTimeout as rest } from 'node:timers/promises'

import { createRests, giveBack, partsInTurn } from '../gather.ts'

/** Of so many bytes that wait, no more are asked for. */
const enoughBytes = 256 * 1024
/** Parts of this size are handed on as they are: to copy them together costs more than it saves. */
const largeBytes = 4 * 1024

/**
 * What a box sends, in the pieces in which it is wanted: parts that came together are handed on together. Adversary: a
 * function that gives its answer byte by byte, in chunks of one: each of them costs the thread that serves everybody
 * some microseconds, and a third of a million can come between two turns of it. After so many parts the box waits.
 */
export function inTurns(body: Readable): AsyncIterableIterator<Buffer> {
  const restAfter = createRests()
  let held: Buffer[] = []
  let bytes = 0
  let inHand: readonly Buffer[] = []
  let ended = false
  let failure: Error | undefined
  let wake: (() => void) | undefined

  const nothingYet = (): boolean => bytes === 0 && !ended
  const end = (error?: Error): void => {
    ended = true
    failure ??= error
    wake?.()
  }
  body.on('data', (part: Buffer) => {
    held.push(part)
    bytes += part.length
    if (held.length >= partsInTurn || bytes >= enoughBytes) body.pause()
    // Not at once: each part is told by itself, and what came with it is told before the next turn.
    if (held.length === 1) setImmediate(() => wake?.())
  })
  body.once('end', () => end())
  body.once('error', end)
  body.once('close', () => end(body.readableEnded ? undefined : new Error('the body broke off')))

  const iterator: AsyncIterableIterator<Buffer> = {
    [Symbol.asyncIterator]: () => iterator,
    next: async () => {
      const [first, ...more] = inHand
      if (first !== undefined) {
        inHand = more
        return { done: false, value: first }
      }
      while (nothingYet()) await new Promise<void>((resolve) => (wake = resolve))
      wake = undefined
      const [only] = held
      if (only === undefined) {
        if (failure !== undefined) throw failure
        return { done: true, value: undefined }
      }
      const restMs = restAfter(held.length, bytes)
      const [value = only, ...others] = held.length === 1 || bytes >= held.length * largeBytes ? held : [together(held)]
      inHand = others
      held = []
      bytes = 0
      if (restMs > 0) await rest(restMs)
      if (body.isPaused()) body.resume()
      return { done: false, value }
    },
    /** Who stops before the end wants no more of it, and nothing else that comes on its connection. */
    return: () => {
      body.destroy()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
  return iterator
}

function together(parts: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(parts)
  giveBack(parts)
  return whole
}
