import { Readable } from 'node:stream'

import { SallyportError } from '@sallyport/core/access'
import type { Dispatcher } from 'undici'

import { answerSink } from './answer-sink.ts'
import type { UpgradeAnswer, UpstreamAnswer, UpstreamCall } from './upstream-call.ts'

type Pairs = readonly (readonly [name: string, value: string])[]
type Headers = NonNullable<Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]>
type Handler = Dispatcher.DispatchHandler

/** Heads before the answer (RFC 9110 §15.2): nobody sends more than a few, and each sets the client's clock back. */
const maxInterim = 32

/**
 * Turns the events of the general HTTP client into one answer. Leaner than its own `request`: no stream for a small
 * answer, no second copy of the headers. `done` and `failed` are called once between them. Adversary: an upstream that
 * sends heads of answers to come, and never an answer: there are so many of them, and so long.
 */
export function answerHandler(
  call: UpstreamCall,
  tls: () => string,
  done: (answer: UpstreamAnswer) => void,
  failed: (error: unknown) => void,
): Handler {
  let controller: Dispatcher.DispatchController | undefined
  let interim = 0
  let statusAlone = false
  let late: NodeJS.Timeout | undefined
  const { body, timeoutMs } = call
  const tooLate = (given: Dispatcher.DispatchController): void => {
    // Of a body that is still being sent there may be much.
    if (body instanceof Readable && !body.readableEnded) late = setTimeout(tooLate, timeoutMs, given)
    else given.abort(new SallyportError('upstream.timeout', 'the upstream did not answer in time'))
  }
  const flow = {
    pause: () => controller?.pause(),
    resume: () => controller?.resume(),
    abort: (reason: Error) => {
      if (controller === undefined) failed(reason)
      else controller.abort(reason)
    },
  }
  const sink = answerSink(call, flow, tls, done, failed)
  return {
    onRequestStart: (given) => {
      controller = given
      if (call.signal.aborted) given.abort(new SallyportError('upstream.aborted', 'the call was aborted'))
    },
    onResponseStart: (given, status, headers) => {
      if (status < 200) {
        // 100 and 103 are between the client and its next hop.
        late ??= setTimeout(tooLate, timeoutMs, given)
        if (++interim > maxInterim) given.abort(new SallyportError('upstream.failed', 'heads came, and no answer'))
        return
      }
      clearTimeout(late)
      const empty = call.method === 'HEAD' || status === 204 || status === 304
      const stated = headers['content-length']
      sink.head({ status, headers: pairsOf(headers) }, empty ? 0 : stated === undefined ? undefined : Number(stated))
      // Nothing follows a status of gRPC in the head; that this is all must be known before it is handed on.
      statusAlone = headers['grpc-status'] !== undefined
      if (!statusAlone) sink.turn()
    },
    onResponseData: (_, chunk) => {
      sink.part(chunk)
      if (statusAlone) sink.turn()
    },
    onResponseEnd: (_, trailers) => sink.end(pairsOf(trailers)),
    onResponseError: (_, error) => {
      clearTimeout(late)
      sink.error(error)
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
