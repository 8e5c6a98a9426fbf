import { Readable } from 'node:stream'

import { SallyportError } from '@sallyport/core/access'

import { createRests, gather, type Gathering, partsInTurn } from '../../host/index.ts'
import type { UpstreamAnswer, UpstreamCall } from './upstream-call.ts'

/** What comes of one call, as its connection hears it. */
export interface AnswerSink {
  /** `length` of the body where it is stated. */
  head(head: Pick<UpstreamAnswer, 'status' | 'headers'>, length: number | undefined): void
  part(bytes: Buffer): void
  /** What has come so far came together: the head is handed on, where more is to follow. */
  turn(): void
  end(trailers: UpstreamAnswer['headers']): void
  error(error: unknown): void
}

/** The connection, as far as a sink has a say in it. */
export interface AnswerFlow {
  pause(): void
  resume(): void
  /** Ends the call with its connection; the sink hears of it by `error`. */
  abort(reason: Error): void
}

/** An answer whose stated length is at most this is taken whole: one write in place of a stream. */
const wholeBytes = 16 * 1024
const streamedBytes = 64 * 1024

/**
 * Turns what a connection hears into one answer: no stream for a small one. `done` and `failed` are called once between
 * them. Adversary: an upstream that sends its answer byte by byte: what came together goes on together, and after so
 * many parts it waits.
 */
export function answerSink(
  { signal }: Pick<UpstreamCall, 'signal'>,
  flow: AnswerFlow,
  tls: () => string,
  done: (answer: UpstreamAnswer) => void,
  failed: (error: unknown) => void,
): AnswerSink {
  let head: Omit<UpstreamAnswer, 'body'> | undefined
  let trailers: UpstreamAnswer['headers'] = []
  let stated: number | undefined // of a small one
  let whole: Uint8Array | Gathering | undefined
  let stream: Readable | undefined
  let restAfter: ReturnType<typeof createRests> | undefined
  let held: Buffer[] = []
  let resting = false
  const abort = (): void => flow.abort(new SallyportError('upstream.aborted', 'the call was aborted'))
  const handOn = (): void => {
    const [only] = held
    if (stream === undefined || only === undefined) return
    const bytes = held.length === 1 ? only : Buffer.concat(held)
    const restMs = (restAfter ??= createRests())(held.length, bytes.length)
    held = []
    const wanted = stream.push(bytes)
    if (restMs === 0 && wanted) return flow.resume()
    flow.pause()
    if (restMs === 0) return
    resting = true
    setTimeout(() => {
      resting = false
      if (stream !== undefined && !stream.destroyed && stream.readableLength < streamedBytes) flow.resume()
    }, restMs)
  }
  const settle = (): void => signal.removeEventListener('abort', abort)
  signal.addEventListener('abort', abort, { once: true })

  return {
    head: (given, length) => {
      head = { ...given, trailers: () => trailers, tls: tls() }
      if (length !== undefined && length <= wholeBytes) stated = length
    },
    part: (bytes) => {
      if (stated !== undefined) return void (whole = together(whole, bytes, stated))
      held.push(bytes)
      if (held.length >= partsInTurn) flow.pause()
      if (held.length === 1 && stream !== undefined) queueMicrotask(handOn)
    },
    turn: () => {
      if (head === undefined || stated !== undefined || stream !== undefined) return
      stream = new Readable({
        highWaterMark: streamedBytes,
        read: () => {
          if (!resting) flow.resume()
        },
        destroy: (error, closed) => {
          if (!stream?.readableEnded) flow.abort(error ?? new SallyportError('upstream.aborted', 'nobody reads on'))
          closed(error)
        },
      })
      done({ ...head, body: stream })
      handOn()
    },
    end: (given) => {
      settle()
      trailers = given
      handOn()
      if (stream !== undefined) stream.push(null)
      else if (head !== undefined) done({ ...head, body: whole === undefined ? Buffer.concat(held) : bytesOf(whole) })
    },
    error: (error) => {
      settle()
      if (stream === undefined) failed(error)
      else stream.destroy(error instanceof Error ? error : new Error('the answer broke off'))
    },
  }
}

/** Most come in one part, which is kept as it is; of those that come byte by byte few pieces are held. */
function together(known: Uint8Array | Gathering | undefined, part: Buffer, stated: number): Uint8Array | Gathering {
  if (known === undefined && part.length === stated) return part
  const parts = known === undefined || known instanceof Uint8Array ? gather() : known
  if (known instanceof Uint8Array) parts.add(known)
  parts.add(part)
  return parts
}

function bytesOf(whole: Uint8Array | Gathering): Uint8Array {
  return whole instanceof Uint8Array ? whole : whole.whole()
}
