import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout } from 'node:timers/promises'

import type { OutputLine } from '../engine.ts'

/** Longer lines are cut, and say so. */
const maxLineBytes = 16 * 1024
/** Lines beyond this in one second are dropped and counted. */
const maxBytesPerSecond = 256 * 1024
/** Beyond this the box waits for the next second: reading a flood would cost the server's own time. */
const maxReadBytesPerSecond = 4 * 1024 * 1024
/** What a line takes beside its own bytes, of room and of time: empty ones are not for nothing. */
const lineBytes = 32

const maxDrainMs = 300

/** What a line cannot know by itself. */
export type Tag = () => Pick<OutputLine, 'at' | 'functionName' | 'boxId' | 'transaction' | 'invocation'>

/** Reads a box's output. */
export interface OutputReader {
  /** The last lines, at most 40, for the report of a box that ended. */
  tail(lines: number): string
  /** The box has ended: gives out what is left in its pipes and stops. Never rejects. */
  end(): Promise<void>
}

/**
 * Cuts two streams into tagged lines. Adversary: a function that floods: its lines beyond the rate are lost and
 * counted, its pipe is read slowly, and the server never waits for it.
 */
export function readOutput(
  streams: { readonly stdout: Readable; readonly stderr: Readable },
  tag: Tag,
  onLine: (line: OutputLine) => void,
): OutputReader {
  const tail: string[] = []
  let spent = 0
  let readBytes = 0
  let dropped = 0
  const paused = new Set<Readable>()

  const emit = (stream: OutputLine['stream'], text: string): void => {
    tail.push(text)
    if (tail.length > 40) tail.shift()
    onLine({ ...tag(), stream, text })
  }
  const line = (stream: 'stdout' | 'stderr', head: Buffer, length: number): void => {
    spent += head.length + lineBytes
    if (spent > maxBytesPerSecond) return void (dropped += 1)
    const text = head.toString('utf8')
    emit(stream, length > head.length ? `${text} … (${length - head.length} bytes cut)` : text)
  }
  const refill = (): void => {
    const lost = dropped
    spent = readBytes = dropped = 0
    if (lost > 0) emit('platform', `${lost} lines dropped: more than ${maxBytesPerSecond} bytes in one second`)
    for (const stream of paused) stream.resume()
    paused.clear()
  }
  const timer = setInterval(refill, 1_000).unref()

  const readers = (['stdout', 'stderr'] as const).map((name) => {
    const cutter = cutLines((head, length) => line(name, head, length))
    streams[name].on('data', (chunk: Buffer) => {
      readBytes += chunk.length + cutter.push(chunk) * lineBytes
      if (readBytes <= maxReadBytesPerSecond) return
      paused.add(streams[name])
      streams[name].pause()
    })
    streams[name].resume() // whoever made the box held it back until now: a listener alone does not let it flow
    return cutter
  })
  return {
    tail: (lines) => tail.slice(-lines).join('\n'),
    end: async () => {
      clearInterval(timer)
      for (const stream of paused) stream.resume()
      const rest = finished(streams.stdout).then(() => finished(streams.stderr))
      await Promise.race([rest, setTimeout(maxDrainMs)]).catch(() => undefined) // a broken pipe has ended too
      for (const reader of readers) reader.end()
      refill()
    },
  }
}

/** Splits at line feeds. Of a long line only the head is held; `length` says how long it was. `push` counts lines. */
function cutLines(onLine: (head: Buffer, length: number) => void): { push(chunk: Buffer): number; end(): void } {
  let held: Buffer[] = []
  let length = 0
  const flush = (): void => {
    if (length > 0) onLine(Buffer.concat(held).subarray(0, maxLineBytes), length)
    held = []
    length = 0
  }
  const hold = (part: Buffer): void => {
    if (length < maxLineBytes) held.push(part)
    length += part.length
  }
  return {
    push: (chunk) => {
      let [start, lines] = [0, 0]
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        hold(chunk.subarray(start, end))
        flush()
        start = end + 1
        lines += 1
      }
      if (start < chunk.length) hold(chunk.subarray(start))
      return lines
    },
    end: flush,
  }
}
