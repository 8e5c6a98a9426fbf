import type {
  AccessRequest,
  Context,
  ContextValue,
  Decision,
  DecisionRecord,
  Draft,
  Durability,
} from '@sallyport/core/access'

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
  readonly upstream?: DecisionRecord['upstream'] | undefined
  readonly advisoryPackage?: string | undefined
  /** The facts of a batch as one; those of its first request where it is absent. */
  readonly context?: Context
}

/** The sitting that a request belongs to: a function has none of its own, but that of the person behind it. */
export function sessionOf({ subject, user }: AccessRequest): string | undefined {
  return subject.sessionId ?? user?.sessionId
}

/** The ledger's entry for a decision: same reasons, same words, none of the request's body. */
export function decisionRecord(decision: Decision, circumstances: Circumstances): DecisionRecord {
  const [first] = decision.asked
  const { subject, user } = first
  const sessionId = sessionOf(first)
  const record: Draft<DecisionRecord> = {
    kind: 'decision',
    id: decision.id,
    at: circumstances.at,
    door: circumstances.door,
    transaction: first.transaction,
    subject: subject.id,
    subjectName: subject.name,
    actors: first.actors,
    effect: decision.effect,
    reasons: decision.reasons,
    asked: askedOf(decision),
    context: circumstances.context ?? first.context,
    durability: circumstances.durability,
    manifest: circumstances.manifest,
    isolation: circumstances.isolation,
  }
  if (first.parent !== undefined) record.parent = first.parent
  if (sessionId !== undefined) record.sessionId = sessionId
  if (user !== undefined) record.user = user.id
  if (decision.effect === 'deny') record.layer = decision.layer
  if (circumstances.upstream !== undefined) record.upstream = circumstances.upstream
  if (circumstances.advisoryPackage !== undefined) record.advisoryPackage = circumstances.advisoryPackage
  return record
}

/** UTF-16 units of JSON that the facts of a batch's later requests may take together: a record has to fit. */
const mostFacts = 24_576

/** Adversary: whoever makes a batch so large that its record would not fit, and nothing could be decided. */
function askedOf({ asked }: Decision): DecisionRecord['asked'] {
  let left = mostFacts
  return asked.map(({ action, resource, context }) => {
    const facts = differences(asked[0].context, context)
    if (facts === undefined) return { action, resource }
    left -= JSON.stringify(facts).length
    return left < 0 ? { action, resource, factsOmitted: true } : { action, resource, facts }
  })
}

function differences(first: Context, other: Context): Readonly<Record<string, ContextValue | null>> | undefined {
  if (other === first) return undefined
  const changed = Object.entries(other).filter(([key, value]) => !isSame(first[key], value))
  const absent = Object.keys(first).flatMap((key) => (Object.hasOwn(other, key) ? [] : [[key, null] as const]))
  return changed.length + absent.length === 0 ? undefined : Object.fromEntries([...changed, ...absent])
}

function isSame(one: ContextValue | undefined, other: ContextValue): boolean {
  return one === other || (typeof one === 'object' && JSON.stringify(one) === JSON.stringify(other))
}
