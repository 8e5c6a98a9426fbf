import { Readable } from 'node:stream'

import { SallyportError } from '@sallyport/core/access'
import type { Dispatcher } from 'undici'

import { createRests, gather, type Gathering, partsInTurn } from '../../host/index.ts'
import type { UpgradeAnswer, UpstreamAnswer, UpstreamCall } from './upstream-call.ts'

type Pairs = readonly (readonly [name: string, value: string])[]
type Headers = NonNullable<Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]>
type Handler = Dispatcher.DispatchHandler

/** An answer whose stated length is at most this is taken whole: one write in place of a stream. */
const wholeBytes = 16 * 1024
const streamedBytes = 64 * 1024

/**
 * Turns the HTTP client's events into one answer. Leaner than its own `request`: no stream for a small answer, no
 * second copy of the headers. `done` and `failed` are called once between them. Adversary: an upstream that sends its
 * answer byte by byte: what came together goes on together, and after so many parts it waits.
 */
export function answerHandler(
  { signal, method, body }: UpstreamCall,
  tls: () => string,
  done: (answer: UpstreamAnswer) => void,
  failed: (error: unknown) => void,
): Handler {
  let controller: Dispatcher.DispatchController | undefined
  let head: Omit<UpstreamAnswer, 'body'> | undefined
  let trailers: Pairs = []
  let whole: Gathering | undefined
  let stream: Readable | undefined
  const restAfter = createRests()
  let held: Buffer[] = []
  let resting = false
  const abort = (): void => {
    const reason = new SallyportError('upstream.aborted', 'the call was aborted')
    if (controller === undefined) failed(reason)
    else controller.abort(reason)
  }
  const handOn = (): void => {
    const [only] = held
    if (stream === undefined || only === undefined) return
    const bytes = held.length === 1 ? only : Buffer.concat(held)
    const restMs = restAfter(held.length, bytes.length)
    held = []
    const wanted = stream.push(bytes)
    if (restMs === 0 && wanted) return controller?.resume()
    controller?.pause()
    if (restMs === 0) return
    resting = true
    setTimeout(() => {
      resting = false
      if (stream !== undefined && !stream.destroyed && stream.readableLength < streamedBytes) controller?.resume()
    }, restMs)
  }
  const settle = (): void => signal.removeEventListener('abort', abort)
  signal.addEventListener('abort', abort, { once: true })

  return {
    onRequestStart: (given) => {
      controller = given
      if (signal.aborted) abort()
    },
    onResponseStart: (given, status, headers) => {
      if (status < 200) return // 100 and 103 are between the client and its next hop
      head = { status, headers: pairsOf(headers), trailers: () => trailers, tls: tls() }
      const length = Number(headers['content-length'] ?? NaN)
      const empty = method === 'HEAD' || status === 204 || status === 304
      if (empty || length <= wholeBytes) {
        whole = gather()
        return
      }
      stream = new Readable({
        highWaterMark: streamedBytes,
        read: () => {
          if (!resting) given.resume()
        },
        destroy: (error, closed) => {
          if (!stream?.readableEnded) given.abort(error ?? new SallyportError('upstream.aborted', 'nobody reads on'))
          closed(error)
        },
      })
      done({ ...head, body: stream })
    },
    onResponseData: (given, chunk) => {
      if (whole !== undefined) return whole.add(chunk)
      held.push(chunk)
      if (held.length >= partsInTurn) given.pause()
      if (held.length === 1) queueMicrotask(handOn)
    },
    onResponseEnd: (_, given) => {
      settle()
      trailers = pairsOf(given)
      handOn()
      if (stream !== undefined) stream.push(null)
      else if (head !== undefined) done({ ...head, body: whole?.whole() ?? new Uint8Array() })
    },
    onResponseError: (_, error) => {
      settle()
      if (body instanceof Readable) body.destroy()
      if (stream === undefined) failed(error)
      else stream.destroy(error)
    },
  }
}

/** The same for a request that asks for another protocol: the upstream switches, or answers as to any request. */
export function upgradeHandler(
  call: UpstreamCall,
  tls: () => string,
  done: (answer: UpgradeAnswer) => void,
  failed: (error: unknown) => void,
): Handler {
  return {
    ...answerHandler(call, tls, (answer) => done({ kind: 'answered', ...answer }), failed),
    onRequestUpgrade: (_, _status, headers, socket) =>
      done({ kind: 'switched', headers: pairsOf(headers), socket, tls: tls() }),
  }
}

function pairsOf(headers: Headers): Pairs {
  const pairs: (readonly [string, string])[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (Array.isArray(value)) for (const each of value) pairs.push([name, each])
    else if (value !== undefined && !name.startsWith(':')) pairs.push([name, value])
  }
  return pairs
}
