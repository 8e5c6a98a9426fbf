import { createHash } from 'node:crypto'

import { SallyportError } from '@sallyport/core/access'
import type { TicketClaims } from '@sallyport/core/identity'

import { gather } from '../gather.ts'
import type { Invocation, InvocationResult } from '../invocation.ts'
import type { RemoteAnswer, RemoteFunction } from './remote-function.ts'

/** One try at one invocation. */
export interface Attempt {
  /** The invocation's own id at first, and another for each further try: a ticket is good once. */
  readonly id: string
  readonly invocation: Invocation
  /** To the deadline. */
  readonly remainingMs: number
  /** Aborted at the deadline, and when the engine closes. */
  readonly signal: AbortSignal
  /** A ticket for this try and these bytes. Rejects with `identity.ticket` when none can be made. */
  readonly ticketFor: (body: Uint8Array) => Promise<string>
}

/** What came of it, and whether the same may be tried again where the function is idempotent. */
export interface Attempted {
  readonly result: InvocationResult
  readonly again?: boolean
  /** How long the far side asked to be left alone. */
  readonly afterMs?: number
}

const ticketSeconds = 60
/** Servers take some 16 KB of headers; what is longer would be refused there with no word of ours. */
const maxTicketLength = 8_192

/** What a ticket for this try says; `version` stands in for a digest of code that we cannot see. */
export function claimsOf(
  { arn, elsewhere: { version } }: RemoteFunction,
  { actors, transaction, decision, user }: Invocation,
  { id, body, nowMs }: { readonly id: string; readonly body: Uint8Array; readonly nowMs: number },
): TicketClaims {
  const issuedAtSeconds = Math.floor(nowMs / 1_000)
  return {
    audience: arn,
    codeDigest: version,
    bodySha256: createHash('sha256').update(body).digest('hex'),
    actors,
    transaction,
    attempt: id,
    decision,
    ...(user === undefined ? {} : { user: user.id }),
    issuedAtSeconds,
    expiresAtSeconds: issuedAtSeconds + ticketSeconds,
  }
}

/** Refuses a ticket that no server would read. */
export function ofBearableLength(ticket: string): string {
  if (ticket.length <= maxTicketLength) return ticket
  throw new SallyportError('identity.ticket', 'the actor chain is too long for a ticket')
}

/** A failure with its code. */
export function failed(code: string, message: string): InvocationResult & { readonly kind: 'error' } {
  return { kind: 'error', code, message }
}

/**
 * The answer to a request that was not let through to the function, or got no answer from it. Undefined where the
 * status says that the function itself has spoken. Adversary: the far side, which gains nothing by naming another of
 * these failures than its own.
 */
export function refusalOf(
  { status, headers }: Pick<RemoteAnswer, 'status' | 'headers'>,
  said: Uint8Array,
): Attempted | undefined {
  const words = Buffer.from(said).toString('utf8', 0, 200)
  const say = (code: string, message: string): Attempted => ({
    result: failed(code, `${message} (status ${status}${words === '' ? '' : `: ${words}`})`),
  })
  if (status >= 300 && status < 400)
    return say('function.unreachable', 'it answered with a redirect, which is not followed')
  switch (status) {
    case 401:
    case 403:
      return say('function.ticket_refused', 'the far side did not accept the call')
    case 404:
    case 405:
    case 410:
      return say('function.unreachable', 'nothing that takes calls stands at this address')
    case 408:
    case 504:
      return { ...say('function.timed_out', 'the far side gave up'), again: status === 504 }
    case 413:
      return say('function.event_too_large', 'the event is larger than the far side takes')
    case 429:
    case 503:
      return { ...say('function.busy', 'the far side takes no more calls now'), again: true, ...retryAfter(headers) }
    case 502:
      return { ...say('function.unreachable', 'the far side could not reach its function'), again: true }
    default:
      return undefined
  }
}

/** Seconds only (RFC 9110 §10.2.3); a date would need the far side's clock. */
function retryAfter(headers: RemoteAnswer['headers']): { readonly afterMs?: number } {
  const text = headers.find(([name]) => name === 'retry-after')?.[1] ?? ''
  return /^\d{1,4}$/.test(text) ? { afterMs: Number(text) * 1_000 } : {}
}

/** The whole body, or undefined when it is larger. */
export async function readAll(body: RemoteAnswer['body'], maxBytes: number): Promise<Buffer | undefined> {
  if (body instanceof Uint8Array) return body.length > maxBytes ? undefined : Buffer.from(body)
  const whole = gather()
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) return undefined // leaving the loop ends the stream
    whole.add(chunk)
  }
  return whole.whole()
}
