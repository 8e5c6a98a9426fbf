import type { Grant } from '@sallyport/core/access'
import type { Outcome } from '@sallyport/core/enforcement'

import { failureDetail, type InvocationResult, type StreamedAnswer } from '../host/index.ts'
import { jsonResponse } from './refusal.ts'
import type { IngressResponse } from './request.ts'

/** How a grant is asked whether it still stands. */
export interface GrantRooms {
  readonly isCurrent: (grant: Grant) => boolean
  /** Tells once when it ends; what it gives back ends the listening. */
  readonly whenEnded: (grant: Grant, tell: () => void) => () => void
}

/** What goes back, and what will have come of it. */
export interface Passed {
  readonly response: IngressResponse
  readonly outcome: Promise<Outcome>
}

/** An answer on its way while the function still makes it. It ends with the grant, also in its middle. */
export function streamedResponse(
  { status, headers, body }: StreamedAnswer,
  invoked: Promise<InvocationResult>,
  grant: Grant,
  rooms: GrantRooms,
): Passed {
  if (!rooms.isCurrent(grant)) {
    void body.return?.()
    return ended(grant)
  }
  const { promise: outcome, resolve } = Promise.withResolvers<Outcome>()
  const abort = (detail: string): void => resolve({ outcome: 'aborted', detail, status })
  void invoked.then((result) => resolve({ ...outcomeOf(result), status }))
  const stream: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => stream,
    next: async () => {
      const next = await untilEnded(body.next(), grant, rooms)
      if (next !== undefined && (next.done === true || rooms.isCurrent(grant))) return next
      abort('grant.ended')
      void body.return?.()
      throw new Error('the right to make this request ended')
    },
    return: async () => {
      abort('the caller left')
      await body.return?.()
      return { done: true, value: undefined }
    },
  }
  const id = ['x-sallyport-id', grant.decision.id] as const
  return { response: { status, headers: [...headers, id], body: new Uint8Array(), stream }, outcome }
}

/** What an invocation answers first, and the invocation itself. */
export interface First {
  /** Its result, or the beginning of a stream; undefined as soon as the grant ends, as with `untilEnded`. */
  readonly answer: Promise<InvocationResult | StreamedAnswer | undefined>
  readonly invoked: Promise<InvocationResult>
}

/** Begins an invocation and waits for whatever comes first. A stream that comes too late is not left open. */
export function firstOf(
  grant: Grant,
  { whenEnded }: Pick<GrantRooms, 'whenEnded'>,
  invoke: (onStream: (answer: StreamedAnswer) => void) => Promise<InvocationResult>,
): First {
  const { promise: answer, resolve, reject } = Promise.withResolvers<InvocationResult | StreamedAnswer | undefined>()
  let isOver = false
  const forget = whenEnded(grant, () => {
    isOver = true
    resolve(undefined)
  })
  const invoked = invoke((streamed) => {
    if (isOver) return void streamed.body.return?.() // nobody will read it
    forget()
    resolve(streamed)
  })
  invoked.then(
    (result) => {
      forget()
      resolve(result)
    },
    (cause: unknown) => {
      forget()
      reject(cause instanceof Error ? cause : new Error('the invocation failed', { cause }))
    },
  )
  return { answer, invoked }
}

/**
 * The answer; undefined as soon as the grant ends, for whoever was revoked need not wait for the function to be told.
 * The invocation itself goes on to its deadline: its exits are refused from now on, one by one.
 */
export async function untilEnded<T>(answer: Promise<T>, grant: Grant, rooms: GrantRooms): Promise<T | undefined> {
  const over = Promise.withResolvers<undefined>()
  const release = rooms.whenEnded(grant, () => over.resolve(undefined))
  try {
    return await Promise.race([answer, over.promise])
  } finally {
    release()
  }
}

/** What the ledger is told of an answer. */
export function outcomeOf(result: InvocationResult): Outcome {
  return result.kind === 'response' ? { outcome: 'done' } : { outcome: 'failed', detail: failureDetail(result) }
}

/** The refusal of whoever lost the right while the function ran. */
export function ended(grant: Grant): Passed {
  const body = { code: 'grant.ended', reason: 'The right to make this request ended.', id: grant.decision.id }
  return { response: jsonResponse(401, body), outcome: Promise.resolve({ outcome: 'aborted', detail: 'grant.ended' }) }
}
