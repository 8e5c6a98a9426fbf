import { Readable } from 'node:stream'

import { actions, arn, type Grant, type Reason } from '@sallyport/core/access'
import type { Outcome, Passed } from '@sallyport/core/enforcement'
import type { FunctionDeclaration } from '@sallyport/manifest'

import {
  type Invocation,
  type InvocationResult,
  failureDetail,
  publicFailure,
  readFunctionResult,
  type StreamedAnswer,
  toEvent,
} from '../host/index.ts'
import type { Box } from './box.ts'
import { local } from './door/hand-back.ts'
import type { Exit } from './exit.ts'
import { endedSince } from './gate.ts'
import { doorReason, type Head } from './listen/head.ts'
import { type Life, liveUnder } from './life.ts'
import { type ExitResponse, plainRefusal, refusalResponse } from './refusal.ts'
import type { EgressRooms } from './rooms.ts'
import type { Ending } from './ending.ts'

/** Every function is found under its name with this ending, and nowhere else. */
export const functionSuffix = '.fn.internal'

/** Functions may call each other in circles, but not for ever. */
const maxActors = 16

/** Which offered operation a request to `NAME.fn.internal` means, or why it means none. */
export type CallRoute =
  | { readonly kind: 'call'; readonly target: FunctionDeclaration; readonly operation: string }
  | { readonly kind: 'refused'; readonly resource: string; readonly reason: Reason }

/** `http://payments.fn.internal/charge` → the function and its offered operation. */
export function routeToFunction(rooms: EgressRooms, head: Head): CallRoute {
  const app = rooms.app()
  const name = head.host.slice(0, -functionSuffix.length)
  const target = app.functions.find((one) => one.name === name)
  const operation = head.path.slice(1)
  if (target === undefined) {
    return {
      kind: 'refused',
      resource: arn.operation(app.name, '', name, operation),
      reason: doorReason('function.unlisted', `There is no function ${name}.`),
    }
  }
  if (!target.offers.includes(operation)) {
    return {
      kind: 'refused',
      resource: `${target.arn}/${operation}`,
      reason: doorReason(
        'function.operation_unlisted',
        `The function ${name} does not offer ${operation || 'nothing'}.`,
      ),
    }
  }
  return { kind: 'call', target, operation }
}

/** The exit that calls another function, on behalf of the same person and within the same transaction. */
export function callExit(
  rooms: EgressRooms,
  box: Box,
  invocation: Invocation,
  signal: Ending,
  route: CallRoute & { kind: 'call' },
  head: Head,
  body: Uint8Array,
): Exit<ExitResponse> {
  const { target, operation } = route
  const exit = { box, invocation }
  const actors = [...invocation.actors, box.image.arn]
  return {
    ...exit,
    asks: [{ action: actions.invokeFunction, resource: `${target.arn}/${operation}` }],
    ...(actors.length > maxActors
      ? { refusal: doorReason('call.too_deep', `A call may pass through at most ${maxActors} functions.`) }
      : {}),
    durability: 'synced',
    refuse: refusalResponse,
    pass: async (grant) => {
      const life = liveUnder(rooms, grant, signal)
      const passed = await call(grant, life)
      void passed.outcome.then(() => life.release())
      return passed
    },
  }

  async function call(grant: Grant, life: Life): Promise<Passed<ExitResponse>> {
    const ended = endedSince(rooms, exit, grant, life.signal)
    if (ended !== undefined) return local(ended, 'The right to make this request ended.', grant, 'aborted')
    const now = rooms.clock()
    const streamed = Promise.withResolvers<StreamedAnswer>()
    const invoked = rooms.invokeFunction({
      transaction: invocation.transaction,
      decision: grant.decision.id,
      functionName: target.name,
      ...(invocation.user === undefined ? {} : { user: invocation.user }),
      actors,
      deadline: Math.min(invocation.deadline, now + target.timeoutMs),
      grant,
      eventFor: (requestId) =>
        toEvent(
          {
            routeKey: `${head.method} /${operation}`,
            method: head.method,
            path: head.path,
            query: head.query.slice(1),
            headers: withoutCredentials(head.headers),
            pathParameters: {},
            body,
            sourceIp: '127.0.0.1',
            requestId,
            receivedAt: now,
            transaction: invocation.transaction,
            caller: box.image.arn,
            domainName: head.host,
            ...(invocation.user === undefined ? {} : { user: invocation.user }),
          },
          target.event,
        ),
      onStream: streamed.resolve,
    })
    const result = await untilAborted(life.signal, Promise.race([invoked, streamed.promise]))
    if (result !== undefined && 'status' in result) return streamedAnswer(result, invoked, life)
    const response = result === undefined ? undefined : await answerOf(result, grant.decision.id, target.name)
    if (result === undefined || response === undefined || life.signal.aborted) {
      void streamed.promise.then(({ body: unread }) => unread.return?.()) // nobody will read it
      const why = life.endedBy() ?? 'exit.invocation_ended'
      return local(why, 'The right to make this call ended first.', grant, 'aborted')
    }
    const failed =
      result.kind === 'error' ? failureDetail(result) : response.status >= 500 ? 'the function answered so' : undefined
    return {
      response,
      outcome: Promise.resolve({
        outcome: failed === undefined ? 'done' : 'failed',
        status: response.status,
        ...(failed === undefined ? {} : { detail: failed }),
      }),
    }
  }
}

/** An answer that the other function still makes. It breaks off with the right to it, and then is no short answer. */
function streamedAnswer(
  { status, headers, body }: StreamedAnswer,
  invoked: Promise<InvocationResult>,
  life: Life,
): Passed<ExitResponse> {
  const { promise: outcome, resolve } = Promise.withResolvers<Outcome>()
  const abort = (): void => resolve({ outcome: 'aborted', status, detail: life.endedBy() ?? 'the caller left' })
  void invoked.then((result) =>
    resolve({
      status,
      ...(result.kind === 'error' ? { outcome: 'failed', detail: result.code } : { outcome: 'done' }),
    }),
  )
  const read: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => read,
    next: () => body.next(),
    return: async () => {
      abort() // before the function says that it is done: nobody has heard it to its end
      await body.return?.()
      return { done: true, value: undefined }
    },
  }
  const stream = Readable.from(read, { objectMode: false, highWaterMark: 64 * 1024 })
  const end = (): void => {
    abort()
    stream.destroy(new Error('the right to make this call ended'))
  }
  life.signal.addEventListener('abort', end, { once: true })
  if (life.signal.aborted) end()
  return { response: { status, headers, body: stream }, outcome }
}

/** Undefined when the signal came first; what the function then answers is nobody's any more. */
async function untilAborted<T>(signal: Ending, result: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const stop = (): void => resolve(undefined)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([result, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Whoever calls is told by us, in the event's authorizer; what the caller claims in headers does not pass. */
function withoutCredentials(headers: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const claimed = /^(authorization|cookie|proxy-.*|forwarded|via|x-forwarded-.*|x-amzn?-.*|x-sallyport-.*)$/
  const ofTheConnection = /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade)$/
  return new Map([...headers].filter(([name]) => !claimed.test(name) && !ofTheConnection.test(name)))
}

async function answerOf(result: InvocationResult, id: string, functionName: string): Promise<ExitResponse> {
  if (result.kind === 'error') return plainRefusal(result.code, publicFailure(result.code), id)
  const answer = await readFunctionResult(result.body, functionName)
  if (answer === undefined) return plainRefusal('function.bad_response', publicFailure('function.bad_response'), id)
  return { ...answer, headers: [...answer.headers, ['content-length', String(answer.body.length)]] }
}
