import { Readable } from 'node:stream'

import { type Reason, SallyportError } from '@sallyport/core/access'

import { gather } from '../../host/index.ts'
import { doorReason } from './head.ts'
import { type Incoming, type IncomingBody, maxWholeBytes, type Pace } from '../../parser/index.ts'
import type { Ending } from '../ending.ts'

/** The body of a request: whole, or still on its way. */
export type Content =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  /** `open` is called once, when the request may go on; the stream breaks with the reason where the body does. */
  | { readonly kind: 'stream'; readonly open: () => Readable }

/** A body, or why there is none. `reserved` bytes are to be given back either way once the exit has ended. */
export type BodyRead =
  | { readonly kind: 'body'; readonly content: Content; readonly reserved: number }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly reserved: number }

/** How much is read of one body, and for how long. `signal` is aborted at the end of the invocation. */
export interface BodyLimits {
  readonly signal: Ending
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly pace: Pace
  /** What a byte costs of the pace; see `Costs`. */
  readonly byteCost: number
  /** Takes so many bytes of what the box may hold with us; false when there are no more. */
  readonly reserve: (bytes: number) => boolean
  /** Why there are no more. */
  readonly full: () => Reason
}

/** Reads a body whole where it must be or is small; else leaves it to stream, bounded all the same. */
export function takeBody(
  incoming: Incoming,
  contentLength: number | undefined,
  whole: boolean,
  limits: BodyLimits,
): Promise<BodyRead> | BodyRead {
  const { body } = incoming
  if (body.kind === 'whole') return takeWhole(body, limits)
  // Up to here a body whose length is stated is read whole: it comes in a packet or two, and streaming costs more.
  if (whole || (contentLength !== undefined && contentLength <= maxWholeBytes))
    return readWhole(body.stream, incoming, limits)
  return { kind: 'body', content: { kind: 'stream', open: () => bounded(body.stream, incoming, limits) }, reserved: 0 }
}

/** One that came with its head. */
function takeWhole(
  { bytes }: IncomingBody & { kind: 'whole' },
  { maxBytes, reserve, full, pace, byteCost }: BodyLimits,
): Promise<BodyRead> | BodyRead {
  if (bytes.length === 0) return { kind: 'body', content: { kind: 'whole', bytes }, reserved: 0 }
  const room = reserve(bytes.length)
  if (!room || bytes.length > maxBytes)
    return { kind: 'refused', reason: room ? tooLarge(maxBytes) : full(), reserved: bytes.length }
  const read: BodyRead = { kind: 'body', content: { kind: 'whole', bytes }, reserved: bytes.length }
  const cost = bytes.length * byteCost
  return pace.now(cost) ? read : pace.later(cost).then(() => read)
}

/**
 * The whole body of a request, or why there is none. A request whose body does not end is refused and recorded:
 * a half-sent request must not wait for the next person's invocation.
 */
function readWhole(body: Readable, incoming: Incoming, limits: BodyLimits): Promise<BodyRead> {
  return new Promise((resolve) => {
    const parts = gather()
    let size = 0
    const timer = setTimeout(() => refuse(unfinished('The body of the request did not end in time.')), limits.timeoutMs)
    const abort = (): void => refuse(unfinished('The request was not complete when its invocation ended.'))
    const finish = (result: BodyRead): void => {
      clearTimeout(timer)
      limits.signal.removeEventListener('abort', abort)
      body.removeAllListeners('data')
      resolve(result)
    }
    const refuse = (reason: Reason): void => finish({ kind: 'refused', reason, reserved: size })

    if (limits.signal.aborted) return abort()
    limits.signal.addEventListener('abort', abort, { once: true })
    body.on('data', (part: Buffer) => {
      size += part.length
      const room = limits.reserve(part.length)
      if (!room || size > limits.maxBytes) {
        body.pause()
        return refuse(room ? tooLarge(limits.maxBytes) : limits.full())
      }
      parts.add(part)
      hold(body, part.length * limits.byteCost, limits.pace, () => body.resume())
    })
    body.once('end', () => finish({ kind: 'body', content: { kind: 'whole', bytes: parts.whole() }, reserved: size }))
    body.once('error', () => refuse(unfinished('The connection broke before the request was complete.')))
    body.once('close', () => refuse(unfinished('The connection closed before the request was complete.')))
    incoming.proceed()
  })
}

/**
 * The body as a stream that holds back what the reader does not take, and breaks with a reason: too many bytes, too
 * long a silence, the end of the connection. What breaks must never look like the end of a shorter body.
 */
function bounded(body: Readable, incoming: Incoming, limits: BodyLimits): Readable {
  let size = 0
  let timer: NodeJS.Timeout | undefined
  let held = false
  const breakWith = ({ code, message }: Reason): void => void stream.destroy(new SallyportError(code, message))
  const wait = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => breakWith(unfinished('The body of the request did not go on in time.')), limits.timeoutMs)
  }
  const stream = new Readable({
    highWaterMark: maxWholeBytes,
    read: () => {
      wait()
      if (!held) body.resume()
    },
    destroy: (error, done) => {
      clearTimeout(timer)
      body.pause()
      done(error)
    },
  })
  body.on('data', (part: Buffer) => {
    clearTimeout(timer)
    size += part.length
    if (size > limits.maxBytes) return breakWith(tooLarge(limits.maxBytes))
    const more = stream.push(part)
    if (more) wait()
    else body.pause()
    held = hold(body, part.length * limits.byteCost, limits.pace, () => {
      held = false
      if (stream.readableLength < maxWholeBytes && !stream.destroyed) body.resume()
    })
  })
  body.once('end', () => {
    clearTimeout(timer)
    stream.push(null)
  })
  body.once('error', () => breakWith(unfinished('The connection broke before the request was complete.')))
  body.once('close', () => {
    if (!body.readableEnded) breakWith(unfinished('The connection closed before the request was complete.'))
  })
  body.pause()
  incoming.proceed()
  return stream
}

/** Stops a body that has had its share of the present moment, and says so; `go` is called when it may go on. */
function hold(body: Readable, cost: number, pace: Pace, go: () => void): boolean {
  if (pace.now(cost)) return false
  body.pause()
  void pace.later(cost).then(go)
  return true
}

/** A reason that needs no body to be read. */
export function tooLarge(maxBytes: number): Reason {
  return doorReason('request.too_large', `A request body may hold ${maxBytes} bytes at most.`)
}

function unfinished(words: string): Reason {
  return doorReason('exit.unfinished', words)
}
