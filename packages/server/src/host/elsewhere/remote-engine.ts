import { setTimeout as sleep } from 'node:timers/promises'

import { SallyportError } from '@sallyport/core/access'
import type { TicketClaims } from '@sallyport/core/identity'
import type { Elsewhere } from '@sallyport/manifest'

import type { Engine, OutputLine } from '../engine.ts'
import type { Invocation, InvocationResult } from '../invocation.ts'
import { type Attempt, type Attempted, claimsOf, failed, ofBearableLength } from './attempt.ts'
import { createLane, type Lane } from './lane.ts'
import type { RemoteFunction, Send } from './remote-function.ts'
import { elsewhereStrengths } from './strengths.ts'

/** What the server gives an engine whose functions run elsewhere. */
export interface RemoteEngineOptions {
  readonly send: Send
  /** Signs with the server's own Ed25519 key; see `signTicket`. */
  readonly signTicket: (claims: TicketClaims) => Promise<string>
  readonly onOutput: (line: OutputLine) => void
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  /** Before the second attempt, and twice that before the third; 200 ms when absent. */
  readonly backOffMs?: number
}

/** What one such engine is, and how it makes one attempt. `attempt` may reject: that is a failure of that attempt. */
export interface RemoteKind<Where extends Elsewhere> {
  readonly name: Where['engine']
  readonly attempt: (remote: RemoteFunction<Where>, attempt: Attempt) => Promise<Attempted>
}

interface Deployed<Where extends Elsewhere> {
  readonly remote: RemoteFunction<Where>
  readonly lane: Lane
}

const furtherAttempts = 2
const usualBackOffMs = 200

/**
 * An engine of functions that run elsewhere: it bounds and queues calls, mints a ticket for each attempt, tries again
 * what is idempotent, and cuts off at the deadline. Whom one environment there serves, what it reaches and what it
 * keeps is its platform's affair.
 */
export function createRemoteEngine<Where extends Elsewhere>(
  kind: RemoteKind<Where>,
  { signTicket, onOutput, clock, random, backOffMs = usualBackOffMs }: RemoteEngineOptions,
): Engine<RemoteFunction<Where>> {
  const { strength, detail } = elsewhereStrengths[kind.name]
  const deployed = new Map<string, Deployed<Where>>()
  const closing = new AbortController()
  const underWay = new Set<Promise<unknown>>()

  async function invoke(invocation: Invocation): Promise<InvocationResult> {
    const one = closing.signal.aborted ? undefined : deployed.get(invocation.functionName)
    if (one === undefined) {
      const why = closing.signal.aborted
        ? 'the server is stopping'
        : `no function ${invocation.functionName} is in service`
      return failed('function.busy', why)
    }
    const leave = await one.lane.enter(Math.max(0, invocation.deadline - clock()))
    if (leave === 'full') return failed('function.busy', `its queue of ${one.remote.maxWaiting} calls is full`)
    if (leave === 'late') return failed('function.busy', 'none of its calls ended before the deadline')
    try {
      return await beforeDeadline(one.remote, invocation)
    } finally {
      leave()
    }
  }

  /** The deadline counts for all attempts together, and for a streamed answer to its last byte. */
  async function beforeDeadline(remote: RemoteFunction<Where>, invocation: Invocation): Promise<InvocationResult> {
    const cut = Promise.withResolvers<InvocationResult>()
    const ending = new AbortController()
    const end = (result: InvocationResult) => (): void => {
      ending.abort()
      cut.resolve(result)
    }
    const late = end(failed('function.timed_out', `no answer within ${remote.timeoutMs} ms`))
    const stopped = end(failed('function.busy', 'the server is stopping'))
    const timer = setTimeout(late, Math.max(0, invocation.deadline - clock()))
    closing.signal.addEventListener('abort', stopped, { once: true })
    if (closing.signal.aborted) stopped()
    try {
      return await Promise.race([attempts(remote, invocation, ending.signal), cut.promise])
    } finally {
      clearTimeout(timer)
      closing.signal.removeEventListener('abort', stopped)
    }
  }

  async function attempts(
    remote: RemoteFunction<Where>,
    invocation: Invocation,
    signal: AbortSignal,
  ): Promise<InvocationResult> {
    let id = invocation.id
    for (let more = remote.elsewhere.idempotent ? furtherAttempts : 0; ; more--) {
      const made = await attemptOnce(remote, invocation, id, signal)
      if (made.again !== true || more === 0 || signal.aborted) return made.result
      const pauseMs = made.afterMs ?? backOffMs * 2 ** (furtherAttempts - more)
      if (clock() + pauseMs >= invocation.deadline) return made.result
      // Woken by the end as well: the next attempt then fails at once, and nobody waits for its answer.
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
      const before = id
      id = Buffer.from(random(16)).toString('hex')
      const code = made.result.kind === 'error' ? made.result.code : ''
      tell(remote, invocation, `${before} ended with ${code}; tried again as ${id}`)
    }
  }

  async function attemptOnce(
    remote: RemoteFunction<Where>,
    invocation: Invocation,
    id: string,
    signal: AbortSignal,
  ): Promise<Attempted> {
    const ticketFor = async (body: Uint8Array): Promise<string> =>
      ofBearableLength(await signTicket(claimsOf(remote, invocation, { id, body, nowMs: clock() })))
    const remainingMs = Math.max(1, invocation.deadline - clock())
    try {
      return await kind.attempt(remote, { id, invocation, remainingMs, signal, ticketFor })
    } catch (error) {
      return failureOf(error)
    }
  }

  function tell({ name }: RemoteFunction, { id, transaction }: Invocation, text: string): void {
    onOutput({ at: clock(), functionName: name, boxId: '', transaction, invocation: id, stream: 'platform', text })
  }

  return {
    name: kind.name,
    strength,
    description: `${kind.name}: ${detail}`,
    deploy: (remotes) => {
      for (const remote of remotes)
        deployed.set(remote.name, { remote, lane: createLane(remote.maxCalls, remote.maxWaiting) })
      return Promise.resolve()
    },
    withdraw: (functionName) => {
      // What is under way elsewhere cannot be ended from here; its answer goes nowhere.
      deployed.get(functionName)?.lane.clear()
      deployed.delete(functionName)
      return Promise.resolve()
    },
    invoke: (invocation) => {
      const invoked = invoke(invocation).catch((error: unknown) => failureOf(error).result)
      underWay.add(invoked)
      return invoked.finally(() => underWay.delete(invoked))
    },
    close: async () => {
      closing.abort()
      for (const { lane } of deployed.values()) lane.clear()
      await Promise.all(underWay)
    },
  }
}

/** A request that got no answer may have had an effect: whoever may not be called twice is not tried again. */
function failureOf(error: unknown): Attempted {
  const code = error instanceof SallyportError ? error.code : ''
  const message = error instanceof Error ? error.message : String(error)
  switch (code) {
    case 'identity.ticket':
      return { result: failed('function.ticket_refused', message) }
    case 'upstream.timeout':
    case 'upstream.aborted':
      return { result: failed('function.timed_out', message) }
    case 'upstream.unreachable':
      return { result: failed('function.unreachable', message), again: true }
    default:
      return { result: failed('function.unreachable', `${code} ${message}`.trim()) }
  }
}
