import type { Elsewhere } from '@sallyport/manifest'

import type { Engine } from '../engine.ts'
import type { Invocation, InvocationResult } from '../invocation.ts'
import { failureIn, failureReported } from '../runtime/failure-report.ts'
import { maxErrorBytes, maxHeldBytes, maxResponseBytes } from '../runtime/runtime-api.ts'
import { passOn, streamedResult } from '../runtime/streamed.ts'
import { type Attempt, type Attempted, failed, readAll, refusalOf } from './attempt.ts'
import { createRemoteEngine, type RemoteEngineOptions } from './remote-engine.ts'
import type { RemoteAnswer, RemoteFunction } from './remote-function.ts'

type Http = Extract<Elsewhere, { engine: 'http' }>

/**
 * The engine of functions that run at an address of their own. The event is posted as JSON with its ticket in
 * `sallyport-ticket`, and answered as AWS Lambda's handlers answer. An answer that is no JSON, or begins with the
 * prelude of Lambda's HTTP streams, goes on to the caller while it is made.
 */
export function createHttpEngine(options: RemoteEngineOptions): Engine<RemoteFunction<Http>> {
  const { send } = options
  return createRemoteEngine<Http>({ name: 'http', attempt }, options)

  async function attempt({ name, elsewhere }: RemoteFunction<Http>, given: Attempt): Promise<Attempted> {
    const { invocation, remainingMs, signal } = given
    const { event, deadline } = invocation
    const { origin, target } = split(elsewhere.url)
    const unread = new AbortController()
    const answer = await send({
      pool: `function ${name}`,
      origin,
      privateUpstream: elsewhere.privateUpstream,
      method: 'POST',
      target,
      headers: [
        ['content-type', 'application/json'],
        ['sallyport-ticket', await given.ticketFor(event)],
        ['sallyport-deadline-ms', String(deadline)],
      ],
      body: event,
      timeoutMs: remainingMs,
      signal: AbortSignal.any([signal, unread.signal]),
    })
    if (answer.status === 200) return { result: await resultOf(answer, invocation, () => unread.abort()) }
    const report = (await readAll(answer.body, maxErrorBytes)) ?? Buffer.alloc(0)
    return refusalOf(answer, report) ?? { result: reported(answer.status, report) }
  }
}

/** The origin, and the path with its query as the manifest has them. */
function split(url: string): { readonly origin: string; readonly target: string } {
  const { origin } = new URL(url)
  return { origin, target: url.slice(url.indexOf('/', url.indexOf('//') + 2)) }
}

/** `abandon` ends the request: nobody reads on. Adversary: the far side, which may answer anything, without end. */
async function resultOf(
  answer: RemoteAnswer,
  { onStream }: Invocation,
  abandon: () => void,
): Promise<InvocationResult> {
  const type = answer.headers.find(([name]) => name === 'content-type')?.[1]
  const isResult = /^application\/json\s*(?:;|$)/i.test(type ?? '')
  if (!isResult && onStream !== undefined) return streamOn(answer, type, onStream, abandon)
  const maxBytes = isResult ? maxResponseBytes : maxHeldBytes
  const body = await readAll(answer.body, maxBytes)
  if (body === undefined) return failed('function.output_too_large', `the answer exceeds ${maxBytes} bytes`)
  if (isResult) return { kind: 'response', body }
  return failureIn(Object.fromEntries(answer.trailers())) ?? streamedResult(type ?? '', body)
}

async function streamOn(
  answer: RemoteAnswer,
  type: string | undefined,
  onStream: NonNullable<Invocation['onStream']>,
  abandon: () => void,
): Promise<InvocationResult> {
  const broken = Promise.withResolvers<InvocationResult>()
  let left = false
  const result = passOn(
    chunksOf(answer.body, () => {
      if (!left) broken.resolve(failed('function.threw', 'its answer broke off'))
    }),
    type,
    ({ body, ...head }) => {
      const leave = body.return?.bind(body)
      body.return = () => {
        left = true
        abandon()
        return leave?.() ?? Promise.resolve({ done: true, value: undefined })
      }
      onStream({ ...head, body })
    },
    () => failureIn(Object.fromEntries(answer.trailers())),
  )
  return Promise.race([result, broken.promise])
}

async function* chunksOf(body: RemoteAnswer['body'], onBreak: () => void): AsyncGenerator<Buffer, undefined> {
  try {
    if (body instanceof Uint8Array) yield Buffer.from(body)
    else for await (const chunk of body) yield Buffer.from(chunk)
  } catch (error) {
    onBreak()
    throw error
  }
}

function reported(status: number, report: Buffer): InvocationResult {
  const failure = failureReported(report)
  return failure.code === 'function.threw' ? { ...failure, message: `status ${status}: ${failure.message}` } : failure
}
