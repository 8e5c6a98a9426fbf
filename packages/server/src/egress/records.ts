import type { Context, ContextValue, Decision, DecisionRecord, Grant, OutcomeRecord } from '@sallyport/core/access'
import { decisionRecord, type Outcome } from '@sallyport/core/enforcement'

import type { Exit } from './exit.ts'
import type { EgressRooms } from './rooms.ts'

/** 128 random bits in lower-case hex. */
export function newId(rooms: Pick<EgressRooms, 'random'>): string {
  return Buffer.from(rooms.random(16)).toString('hex')
}

/** A decision of the egress door, as the ledger keeps it. */
export function egressRecord(
  rooms: EgressRooms,
  exit: Exit<unknown>,
  decision: Decision,
  advisoryPackage?: string,
): DecisionRecord {
  const sessionId = decision.asked[0].user?.sessionId
  return {
    ...decisionRecord(decision, {
      door: 'egress',
      at: rooms.clock(),
      durability: decision.effect === 'allow' ? exit.durability : 'written',
      manifest: rooms.app().digest,
      isolation: rooms.isolation,
      ...(exit.upstream === undefined ? {} : { upstream: exit.upstream }),
    }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(advisoryPackage === undefined ? {} : { advisoryPackage }),
    context: decision.asked.map(({ context }) => context).reduce(joined),
  }
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

/** What came of an exit that was let through. `startedAt` in milliseconds since the epoch. */
export function outcomeRecord(rooms: EgressRooms, grant: Grant, known: Outcome, startedAt: number): OutcomeRecord {
  const at = rooms.clock()
  return {
    kind: 'outcome',
    at,
    decision: grant.decision.id,
    transaction: grant.decision.asked[0].transaction,
    durationMs: at - startedAt,
    ...known,
  }
}
