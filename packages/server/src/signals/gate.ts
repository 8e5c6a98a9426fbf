import {
  type AccessRequest,
  actions,
  type Allow,
  anonymous,
  arn,
  contextKeys,
  type Decision,
  type Durability,
  type Grant,
  type Receipt,
  type SignalRecord,
  type Subject,
} from '@sallyport/core/access'
import type { Gate, Outcome, Passed } from '@sallyport/core/enforcement'
import { type EventRefusal, type EventTrust, type SecurityEvent, verifySecurityEvent } from '@sallyport/core/identity'

import { type AskGuests, principalFacts } from '../information/index.ts'
import type { Standing } from './standing.ts'
import { type About, type EventTargets, targetsOf } from './targets.ts'

/** A stream that is open: whose events it believes, and about whom. */
export interface OpenStream {
  readonly name: string
  readonly trust: EventTrust
  readonly about: About
}

/** One event token as it came, pushed or polled. */
export interface Delivery {
  readonly stream: OpenStream
  readonly token: string
}

/** What is answered to the transmitter. `unavailable`: it must be sent again. */
export type Verdict =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'unavailable' }

/** What this door needs from the other rooms. */
export interface SignalRooms {
  readonly app: () => string
  readonly standing: Standing
  /** Ends everything that rests on a target; it holds at once, and is recorded. */
  readonly revoke: (target: string, reason: string) => Promise<void>
  readonly append: (record: SignalRecord, durability: Durability) => Promise<unknown>
  readonly askGuests: AskGuests
  readonly decide: (asked: readonly [AccessRequest, ...AccessRequest[]]) => Decision
  readonly record: (decision: Decision) => Promise<Receipt>
  readonly admit: (decision: Allow, receipt: Receipt) => Grant
  readonly isCurrent: (grant: Grant) => boolean
  readonly settle: (grant: Grant, outcome: Promise<Outcome>) => void
  readonly newId: () => string
  readonly nowMs: () => number
  readonly onFailure: (cause: unknown) => void
}

interface Reading {
  readonly event: SecurityEvent | EventRefusal
  readonly targets?: EventTargets | undefined
}

/**
 * The administration door for transmitters of shared signals: what they say changes a running server, so it is
 * authenticated (by its signature), decided and recorded like the act of any administrator.
 */
export function signalGate(rooms: SignalRooms): Gate<Delivery, Verdict> {
  // What authentication read, for the steps after it.
  const readings = new WeakMap<Delivery, Reading>()
  return {
    authenticate: async (delivery) => {
      const { stream, token } = delivery
      const event = await verifySecurityEvent(token, stream.trust, rooms.nowMs() / 1000)
      const targets =
        event.kind === 'event' && event.subject !== undefined ? targetsOf(event.subject, stream.about) : undefined
      readings.set(delivery, { event, targets })
      if (event.kind === 'refused') return { ...anonymous, refused: event }
      return transmitter(rooms.app(), stream.name)
    },
    describe: (delivery, subject) => {
      const { event, targets } = readings.get(delivery) ?? {}
      const refused = subject.refused ?? (event?.kind === 'event' ? faultOf(event, targets, rooms) : missing)
      return [
        {
          id: rooms.newId(),
          transaction: rooms.newId(),
          subject,
          action: actions.sendSignal,
          resource: arn.admin(rooms.app(), `signal/${delivery.stream.name}`),
          context: {
            ...principalFacts(subject, rooms.nowMs()),
            [contextKeys.sourceZone]: 'administration',
            [contextKeys.subject]: subject.id,
            ...(targets === undefined ? {} : { [contextKeys.target]: targets.ends.join(' ') }),
          },
          actors: [],
          ...(refused === undefined ? {} : { refusal: { ...refused, layer: 'door' as const } }),
        },
      ]
    },
    gather: rooms.askGuests,
    decide: rooms.decide,
    record: rooms.record,
    refuse: ({ reasons: [{ code, message }] }) => ({ kind: 'refused', code, message }),
    admit: rooms.admit,
    pass: async (delivery, grant) => {
      const { event, targets } = readings.get(delivery) ?? {}
      if (event?.kind !== 'event' || !rooms.isCurrent(grant)) return passed({ kind: 'unavailable' }, 'aborted')
      if (rooms.standing.isApplied(delivery.stream.name, event.id)) return passed({ kind: 'taken' }, 'done', 'again')
      try {
        await apply(event, targets, delivery.stream.name, rooms)
        return passed({ kind: 'taken' }, 'done')
      } catch (cause) {
        rooms.onFailure(cause)
        return passed({ kind: 'unavailable' }, 'failed')
      }
    },
    settle: rooms.settle,
  }
}

/**
 * What takes away comes first, and holds at once. Only with the signal's own record does the event count as applied:
 * whatever fails before it, the transmitter sends it again.
 */
async function apply(
  { id, type, issuedAtSeconds, meaning }: SecurityEvent,
  targets: EventTargets | undefined,
  stream: string,
  { append, nowMs, revoke, standing }: SignalRooms,
): Promise<void> {
  const kind = type.slice(type.lastIndexOf('/') + 1)
  if (meaning.ends) for (const target of targets?.ends ?? []) await revoke(target, `${stream}: ${kind}`)
  const { risk, compliant, stream: state } = meaning
  const changes = risk !== undefined || compliant !== undefined
  const record: SignalRecord = {
    kind: 'signal',
    at: nowMs(),
    stream,
    event: type,
    id,
    issuedAtSeconds,
    targets: (changes ? targets?.standing : targets?.ends) ?? [],
    ...(targets?.device === undefined ? {} : { device: targets.device }),
    ...(risk === undefined ? {} : { risk }),
    ...(compliant === undefined ? {} : { compliant }),
    ...(state === undefined ? {} : { state }),
  }
  await append(record, 'synced')
  standing.apply(record)
}

const missing = { code: 'signal.malformed', message: 'The event could not be read.' }

function faultOf(
  { meaning }: SecurityEvent,
  targets: EventTargets | undefined,
  { standing }: SignalRooms,
): { readonly code: string; readonly message: string } | undefined {
  if (meaning.stream === undefined && targets === undefined) {
    return { code: 'signal.foreign_subject', message: 'The event is about somebody of whom this stream may not speak.' }
  }
  if (standing.hasRoom()) return undefined
  return {
    code: 'signal.memory_full',
    message: 'Too many events of the last week to tell new from old; send it again.',
  }
}

function transmitter(app: string, stream: string): Subject {
  return { kind: 'operator', id: arn.transmitter(app, stream), name: `transmitter/${stream}`, roles: [] }
}

function passed(response: Verdict, outcome: Outcome['outcome'], detail?: string): Passed<Verdict> {
  return { response, outcome: Promise.resolve({ outcome, ...(detail === undefined ? {} : { detail }) }) }
}
