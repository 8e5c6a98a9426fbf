import { setTimeout as sleep } from 'node:timers/promises'

import { isObject, parseStrictObject } from '@sallyport/core/json'

import type { Verdict } from './gate.ts'
import { errorOf, mustComeAgain } from './push.ts'

/** What polling one stream needs. */
export interface PollOptions {
  /** Sends one request to the transmitter and gives back its answer's body; rejects for all but status 200. */
  readonly ask: (body: string, signal: AbortSignal) => Promise<Uint8Array>
  readonly deliver: (token: string) => Promise<Verdict>
  /** The transmitter answered as it should. */
  readonly heard: () => void
  readonly onTrouble: (cause: unknown) => void
  /** Ends the polling. */
  readonly signal: AbortSignal
  /** Waits; rejects when the signal ends it. For tests. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>
}

const maxEvents = 20
/** A transmitter may hold a request until there is something to say (RFC 8936 §2.4). */
const patienceMs = 90_000
/** One that answers at once is asked again after this. */
const restMs = 5_000
/** Between what was judged and its acknowledgement. */
const breathMs = 200
const firstBackOffMs = 5_000
const maxBackOffMs = 60_000

/**
 * Polls a transmitter (RFC 8936) until the signal ends it. What was judged is acknowledged, or reported as faulty, with
 * the next request; what could not be judged is neither, so that it comes again. Never rejects.
 */
export async function pollStream(options: PollOptions): Promise<void> {
  const { signal, pause = rest } = options
  let backOffMs = firstBackOffMs
  let judged: Judged = { ack: [], setErrs: {} }
  while (!signal.aborted) {
    try {
      const { sets, moreAvailable } = await askFor(judged, options)
      judged = { ack: [], setErrs: {} } // the transmitter has them now
      options.heard()
      backOffMs = firstBackOffMs
      judged = await judge(sets, options)
      const isIdle = judged.ack.length + Object.keys(judged.setErrs).length === 0
      if (isIdle || !moreAvailable) await pause(isIdle ? restMs : breathMs, signal)
    } catch (cause) {
      if (signal.aborted) return
      options.onTrouble(cause)
      await pause(backOffMs, signal).catch(() => undefined) // ended while waiting: the loop sees it
      backOffMs = Math.min(maxBackOffMs, backOffMs * 2)
    }
  }
}

interface Judged {
  readonly ack: readonly string[]
  readonly setErrs: Readonly<Record<string, { readonly err: string; readonly description: string }>>
}

interface Answer {
  readonly sets: readonly (readonly [id: string, token: string])[]
  readonly moreAvailable: boolean
}

async function askFor(judged: Judged, { ask, signal }: PollOptions): Promise<Answer> {
  const body = JSON.stringify({ maxEvents, ...judged })
  return parseAnswer(await ask(body, AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])))
}

/** Adversary: whoever stands at the transmitter's address; each event is verified for itself. */
function parseAnswer(bytes: Uint8Array): Answer {
  const { sets, moreAvailable } = parseStrictObject(bytes) ?? {}
  if (!isObject(sets)) throw new Error('the transmitter’s answer has no sets')
  const listed = Object.entries(sets)
  if (listed.length > maxEvents || !listed.every(isSet)) throw new Error('the transmitter’s sets are not as asked for')
  return { sets: listed, moreAvailable: moreAvailable === true }
}

function isSet(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === 'string' && entry[0].length <= 256
}

async function judge(sets: Answer['sets'], { deliver }: PollOptions): Promise<Judged> {
  const ack: string[] = []
  const faulty: [string, { readonly err: string; readonly description: string }][] = []
  for (const [id, token] of sets) {
    const verdict = await deliver(token)
    if (mustComeAgain(verdict)) continue
    if (verdict.kind === 'refused') faulty.push([id, errorOf(verdict)])
    else ack.push(id)
  }
  return { ack, setErrs: Object.fromEntries(faulty) }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false })
}
