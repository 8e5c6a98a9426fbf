import type {
  Context,
  ContextValue,
  Decision,
  DecisionRecord,
  Draft,
  Grant,
  OutcomeRecord,
} from '@sallyport/core/access'
import { decisionRecord, type Outcome, sessionOf } from '@sallyport/core/enforcement'
import type { SeenExit } from '@sallyport/manifest'

import type { Asking, Exit } from './exit.ts'
import type { EgressRooms } from './rooms.ts'

const idBytes = 16
const idsAtOnce = 256
const pools = new WeakMap<EgressRooms['random'], { bytes: Buffer; used: number }>()

/** 128 random bits in lower-case hex. Drawn for many at once: a draw costs as much as a small decision does. */
export function newId({ random }: Pick<EgressRooms, 'random'>): string {
  const known = pools.get(random)
  const pool =
    known === undefined || known.used >= known.bytes.length
      ? { bytes: viewOf(random(idBytes * idsAtOnce)), used: 0 }
      : known
  if (pool !== known) pools.set(random, pool)
  const id = pool.bytes.toString('hex', pool.used, pool.used + idBytes)
  pool.bytes.fill(0, pool.used, pool.used + idBytes) // an id is given once, and kept nowhere here
  pool.used += idBytes
  return id
}

/** The same bytes, not a copy of them. */
function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** A decision of the egress door, as the ledger keeps it. */
export function egressRecord(
  rooms: EgressRooms,
  exit: Exit<unknown>,
  decision: Decision,
  advisoryPackage?: string,
): DecisionRecord {
  return decisionRecord(decision, {
    door: 'egress',
    at: rooms.clock(),
    durability: decision.effect === 'allow' ? exit.durability : 'written',
    manifest: rooms.app().digest,
    isolation: rooms.isolation,
    upstream: exit.upstream,
    advisoryPackage,
    context: decision.asked.map(({ context }) => context).reduce(joined),
  })
}

/** The facts of a batch as one: lists are united, and of two single values the first stays. */
function joined(one: Context, other: Context): Context {
  const context: Record<string, ContextValue> = { ...other, ...one }
  for (const [key, value] of Object.entries(one)) {
    const more = other[key]
    if (Array.isArray(value) && Array.isArray(more)) context[key] = [...new Set<string>([...value, ...more])]
  }
  return context
}

/** The same for whoever learns from it: what was asked for, and the line that would have allowed it. */
export function seenExit(
  rooms: EgressRooms,
  { box }: Exit<unknown>,
  wanted: Asking['wanted'],
  decision: Decision,
  advisoryPackage?: string,
): SeenExit {
  const refused = decision.effect === 'deny' ? decision.reasons[0] : undefined
  return {
    at: rooms.clock(),
    functionName: box.image.name,
    effect: decision.effect,
    ...(refused === undefined ? {} : { code: refused.code }),
    ...(refused?.fix === undefined ? {} : { fix: refused.fix }),
    ...wanted,
    ...(advisoryPackage === undefined ? {} : { package: advisoryPackage }),
  }
}

/** What came of an exit that was let through. `startedAt` in milliseconds since the epoch. */
export function outcomeRecord(rooms: EgressRooms, grant: Grant, known: Outcome, startedAt: number): OutcomeRecord {
  const at = rooms.clock()
  const sessionId = sessionOf(grant.decision.asked[0])
  const { id, asked } = grant.decision
  const record: Draft<OutcomeRecord> = {
    kind: 'outcome',
    at,
    decision: id,
    transaction: asked[0].transaction,
    durationMs: at - startedAt,
    ...known,
  }
  if (sessionId !== undefined) record.sessionId = sessionId
  return record
}
