import type { Decision, DecisionRecord, Grant, OutcomeRecord } from '@sallyport/core/access'
import type { Outcome } from '@sallyport/core/enforcement'

import type { Exit } from './gate.ts'
import type { EgressRooms } from './rooms.ts'

/** 128 random bits in lower-case hex. */
export function newId(rooms: Pick<EgressRooms, 'random'>): string {
  return Buffer.from(rooms.random(16)).toString('hex')
}

/** A decision of the egress door, as the ledger keeps it. A batch's contexts are joined; the first one wins a clash. */
export function decisionRecord(rooms: EgressRooms, exit: Exit<unknown>, decision: Decision): DecisionRecord {
  const [first] = decision.asked
  return {
    kind: 'decision',
    id: decision.id,
    at: rooms.clock(),
    door: 'egress',
    transaction: first.transaction,
    ...(first.parent === undefined ? {} : { parent: first.parent }),
    subject: first.subject.id,
    subjectName: first.subject.name,
    ...(first.user?.sessionId === undefined ? {} : { sessionId: first.user.sessionId }),
    ...(first.user === undefined ? {} : { user: first.user.id }),
    actors: first.actors,
    effect: decision.effect,
    ...(decision.effect === 'deny' ? { layer: decision.layer } : {}),
    reasons: decision.reasons,
    asked: decision.asked.map(({ action, resource }) => ({ action, resource })),
    context: Object.assign({}, ...decision.asked.map(({ context }) => context).toReversed()),
    durability: decision.effect === 'allow' ? exit.durability : 'written',
    manifest: rooms.app().digest,
    isolation: rooms.isolation,
    ...(exit.upstream === undefined ? {} : { upstream: exit.upstream }),
  }
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
