import {
  type AccessRequest,
  type AlarmRecord,
  type Allow,
  contextKeys,
  type Durability,
  type Grant,
  isGrant,
  isReceipt,
  type LedgerRecord,
  type QuarantineRecord,
  type Receipt,
  type RevokedAt,
  SallyportError,
  sealGrant,
  type Subject,
} from '@sallyport/core/access'

import { type Clock, deadlineIn, isPast } from './clock.ts'
import { type ElevationRules, type Elevations, openElevations } from './elevate.ts'
import { createElevationTable, type ElevationRequest } from './elevation.ts'
import { createEndings } from './endings.ts'
import { createEpochTable, elevationTarget } from './epochs.ts'
import { createQuarantineTable, type Quarantined } from './quarantine.ts'

/** What administration works on; the rules are those of the manifest in force. */
export interface AdministrationOptions extends ElevationRules {
  readonly append: (record: LedgerRecord, durability: Durability) => Promise<unknown>
  readonly clock: Clock
  readonly newId: () => string
  /** What the ledger holds already, oldest first. */
  readonly past: Iterable<LedgerRecord>
  /** How long a grant lives at most; the credential's own end comes first. */
  readonly grantLifetimeMs: number
  /** Told of each new request for elevation; never waited for. */
  readonly announce?: (request: ElevationRequest) => void
}

/**
 * Opens and shuts the path. Its state is a projection of the ledger: a change is recorded first (`synced`), then
 * applied.
 * Refusals here are the last line, behind the policy that said no already.
 */
export interface Administration extends Pick<
  Elevations,
  'request' | 'breakGlass' | 'approve' | 'deny' | 'end' | 'sweep'
> {
  /** Throws `grant.without_receipt` when the decision is not in the ledger. */
  readonly admit: (decision: Allow, receipt: Receipt) => Grant
  /** False once it expired or anything it rests on was revoked; asked again just before the last byte leaves. */
  readonly isCurrent: (grant: Grant) => boolean
  /** Calls back once, when the grant has expired or been revoked; whoever holds a stream open under it ends it then. */
  readonly whenEnded: (grant: Grant, ended: () => void) => () => void
  /** When a target was last revoked, in milliseconds since the epoch: what is older counts no more. */
  readonly revokedAt: RevokedAt
  /** Ends everything that rests on `user/NAME`, `session/ID`, `function/NAME`, …: see `revocationTargets`. */
  readonly revoke: (target: string, reason: string) => Promise<void>
  /**
   * Shuts a person or a function off, until it is released: what rests on it ends at once, and every request on whose
   * way it stands is refused. Throws `quarantine.already`.
   */
  readonly quarantine: (target: string, by: Subject, reason: string) => Promise<void>
  /** Throws `quarantine.unknown`. */
  readonly release: (target: string, by: Subject, reason: string) => Promise<void>
  readonly quarantined: () => readonly Quarantined[]
  readonly isQuarantined: (target: string) => boolean
  /** The same requests; one that anything in quarantine stands in the way of comes with its refusal. */
  readonly heldBack: (asked: Asked) => Asked
  /** True when a revocation is newer than the evidence that made this subject: its credential is not taken any more. */
  readonly isRevoked: (subject: Subject) => boolean
  readonly elevatedRoles: (subjectId: string) => readonly string[]
  readonly find: (id: string) => ElevationRequest | undefined
  readonly list: () => readonly ElevationRequest[]
  /** Resolves when the alarm is durable. */
  readonly alarm: (code: string, subject: string, detail: string) => Promise<void>
}

type Asked = readonly [AccessRequest, ...AccessRequest[]]

/** Opens administration on what the ledger holds. */
export function openAdministration(options: AdministrationOptions): Administration {
  const { append, clock, newId, announce = () => undefined } = options
  const epochs = createEpochTable()
  const table = createElevationTable(clock)
  const quarantine = createQuarantineTable()
  const noteQuarantine = (record: QuarantineRecord): void => {
    quarantine.apply(record)
    if (record.event === 'quarantined') epochs.apply(record)
  }
  let latestMs = 0
  for (const record of options.past) {
    latestMs = Math.max(latestMs, record.at)
    if (record.kind === 'revocation') epochs.apply(record)
    if (record.kind === 'elevation') table.apply(record)
    if (record.kind === 'quarantine') noteQuarantine(record)
  }
  const tellAt = createEndings(clock.monotonicMs)
  const alarm = async (code: string, subject: string, detail: string): Promise<void> => {
    const record: AlarmRecord = { kind: 'alarm', at: clock.nowMs(), code, subject, detail }
    await append(record, 'synced')
  }
  const elevations = openElevations({
    table,
    rules: options,
    clock,
    newId,
    record: async (record) => {
      await append(record, 'synced')
      table.apply(record)
      if (record.event === 'ended' || record.event === 'lapsed') {
        epochs.apply({ target: elevationTarget(record.subject), at: record.at })
      }
    },
    alarm,
    announce,
    // The clock stands before what was recorded already: nothing that depends on it can be believed.
    distrusted: clock.nowMs() < latestMs - 2_000,
  })
  /** What was decided on may have ended while its record was made durable. */
  const stillElevated = (account: string, roles: unknown): boolean => {
    const live = elevations.liveRoles(account)
    return !Array.isArray(roles) || roles.every((role) => live.includes(role))
  }

  return {
    ...elevations,
    admit: (decision, receipt) => {
      if (!isReceipt(receipt) || receipt.decision !== decision.id) {
        throw new SallyportError('grant.without_receipt', 'A grant was asked for a decision that is not in the ledger.')
      }
      const [{ subject, user, context }] = decision.asked
      const people = user === undefined || user === subject ? [subject] : [subject, user]
      const stands =
        !people.some(epochs.ended) &&
        decision.asked.every((one) => quarantine.reasonAgainst(one) === undefined) &&
        stillElevated(subject.id, context[contextKeys.elevatedRoles]) &&
        stillElevated((user ?? subject).id, context[contextKeys.transactionElevatedRoles])
      const credentialEndsAt = (user ?? subject).authentication?.expiresAtSeconds ?? Infinity
      const elevationEndsAt = elevations.endsAt(people.map(({ id }) => id))
      const lifetimeMs = stands ? options.grantLifetimeMs : 0
      const endsAt = Math.min(clock.nowMs() + lifetimeMs, credentialEndsAt * 1000, elevationEndsAt)
      return sealGrant({
        decision,
        receipt,
        expiresAt: endsAt,
        expiresAtMonotonic: deadlineIn(clock, endsAt - clock.nowMs()).monotonicMs,
        epochs: epochs.of(people, functionsOf(decision)),
      })
    },
    isCurrent: (grant) => {
      if (!isGrant(grant)) return false
      const deadline = { wallMs: grant.expiresAt, monotonicMs: grant.expiresAtMonotonic }
      return !isPast(deadline, clock) && epochs.unchanged(grant.epochs)
    },
    whenEnded: (grant, ended) => {
      let forget = (): void => undefined
      const forgetTime = tellAt(grant.expiresAtMonotonic, () => {
        forget()
        ended()
      })
      forget = epochs.watch(grant.epochs, () => {
        forgetTime()
        ended()
      })
      return () => {
        forgetTime()
        forget()
      }
    },
    revokedAt: epochs.revokedAt,
    revoke: async (target, reason) => {
      const revocation = { kind: 'revocation', at: clock.nowMs(), target, reason } as const
      // What takes away holds at once, even when it cannot be recorded; the caller learns of that, and may ask again.
      epochs.apply(revocation)
      await append(revocation, 'synced')
      const account = /^user\/(.+)$/.exec(target)?.[1]
      const ofAccount = table.pending().find(({ subject }) => subject.endsWith(`::user/${account}`))
      if (ofAccount !== undefined) await elevations.endAllOf(ofAccount.subject, reason)
    },
    quarantine: async (target, by, reason) => {
      if (quarantine.has(target)) throw refusal('quarantine.already', `${target} is in quarantine already.`)
      const record = { kind: 'quarantine', at: clock.nowMs(), event: 'quarantined', target, reason, by: by.id } as const
      // As with a revocation: it holds at once, whatever becomes of the record.
      noteQuarantine(record)
      await append(record, 'synced')
    },
    release: async (target, by, reason) => {
      if (!quarantine.has(target)) throw refusal('quarantine.unknown', `${target} is not in quarantine.`)
      const record = { kind: 'quarantine', at: clock.nowMs(), event: 'released', target, reason, by: by.id } as const
      await append(record, 'synced')
      noteQuarantine(record)
    },
    quarantined: quarantine.list,
    isQuarantined: quarantine.has,
    heldBack: (asked) => {
      const [first, ...others] = asked
      const held = (one: AccessRequest): AccessRequest => {
        const reason = quarantine.reasonAgainst(one)
        return one.refusal !== undefined || reason === undefined ? one : { ...one, refusal: reason }
      }
      return quarantine.list().length === 0 ? asked : [held(first), ...others.map(held)]
    },
    isRevoked: epochs.ended,
    elevatedRoles: elevations.liveRoles,
    find: table.find,
    list: table.list,
    alarm,
  }
}

function refusal(code: string, message: string): SallyportError {
  return new SallyportError(code, message, { publicMessage: message })
}

/** The functions that a decision rests on: those on the way, and the one that is asked for. */
function functionsOf({ asked }: Allow): readonly string[] {
  const arns = asked.flatMap(({ resource, actors, subject }) => [resource, subject.id, ...actors])
  return arns.map(functionIn).filter((target) => target !== undefined)
}

function functionIn(arn: string): string | undefined {
  const known = functionsIn.get(arn)
  if (known !== undefined) return known
  const name = /^arn:sallyport:(?:function|route):[^:]*:[^:]*:([^/]+)/.exec(arn)?.[1]
  if (name === undefined) return undefined
  if (functionsIn.size >= 10_000) functionsIn.clear()
  const target = `function/${name}`
  functionsIn.set(arn, target)
  return target
}

/** By ARN: there are as many as routes and functions, and each is asked for again and again. */
const functionsIn = new Map<string, string>()
