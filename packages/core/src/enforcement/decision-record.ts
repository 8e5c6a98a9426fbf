import type { Decision, DecisionRecord, Durability } from '@sallyport/core/access'

/** What a record says of the moment besides the decision itself. */
export interface Circumstances {
  readonly door: DecisionRecord['door']
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly durability: Durability
  /** Digest of the manifest in force. */
  readonly manifest: string
  /** Engine and strength, e.g. `box (hard)`. */
  readonly isolation: string
  readonly upstream?: DecisionRecord['upstream']
}

/** The ledger's entry for a decision: same reasons, same words, none of the request's body. */
export function decisionRecord(decision: Decision, circumstances: Circumstances): DecisionRecord {
  const [first] = decision.asked
  const { subject, user } = first
  // A function has no session of its own: what it does belongs to that of the person behind it.
  const sessionId = subject.sessionId ?? user?.sessionId
  return {
    kind: 'decision',
    id: decision.id,
    at: circumstances.at,
    door: circumstances.door,
    transaction: first.transaction,
    ...(first.parent === undefined ? {} : { parent: first.parent }),
    subject: subject.id,
    subjectName: subject.name,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(user === undefined ? {} : { user: user.id }),
    actors: first.actors,
    effect: decision.effect,
    ...(decision.effect === 'deny' ? { layer: decision.layer } : {}),
    reasons: decision.reasons,
    asked: decision.asked.map(({ action, resource }) => ({ action, resource })),
    context: first.context,
    durability: circumstances.durability,
    manifest: circumstances.manifest,
    isolation: circumstances.isolation,
    ...(circumstances.upstream === undefined ? {} : { upstream: circumstances.upstream }),
  }
}
