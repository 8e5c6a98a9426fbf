import {
  type Allow,
  type Durability,
  type ElevationRecord,
  type Grant,
  isGrant,
  isReceipt,
  type LedgerRecord,
  type Receipt,
  SallyportError,
  sealGrant,
  type Subject,
} from '@sallyport/core/access'

import { type Clock, createStepWatch, type Deadline, deadlineIn, isPast } from './clock.ts'
import { createElevationTable, type ElevationRequest } from './elevation.ts'
import { createEpochTable, elevationTarget } from './epochs.ts'

/** How a role is elevated, from the manifest. */
export interface ElevationRule {
  readonly maxMs: number
  readonly approvers: readonly string[]
}

/** What administration works on; the rules are those of the manifest in force. */
export interface AdministrationOptions {
  readonly append: (record: LedgerRecord, durability: Durability) => Promise<unknown>
  /** The rule in force now; undefined when the role is not elevated just in time. */
  readonly ruleOf: (role: string) => ElevationRule | undefined
  /** Digest of what the role may do by the manifest in force: an approval is for these powers and no others. */
  readonly powersOf: (role: string) => string
  readonly clock: Clock
  readonly newId: () => string
  /** What the ledger holds already, oldest first. */
  readonly past: Iterable<LedgerRecord>
  /** How long a grant lives at most; the credential's own end comes first. */
  readonly grantLifetimeMs: number
}

/**
 * Opens and shuts the path. Its state is a projection of the ledger: a change is recorded first (`synced`), then
 * applied.
 * Refusals here are the last line, behind the policy that said no already.
 */
export interface Administration {
  /** Throws `grant.without_receipt` when the decision is not in the ledger. */
  readonly admit: (decision: Allow, receipt: Receipt) => Grant
  /** False once it expired or anything it rests on was revoked; asked again just before the last byte leaves. */
  readonly isCurrent: (grant: Grant) => boolean
  /** Ends everything that rests on `user/NAME`, `session/ID` or `function/NAME`. */
  readonly revoke: (target: string, reason: string) => Promise<void>
  readonly elevatedRoles: (subjectId: string) => readonly string[]
  /** Gives back a standing request or live elevation instead of asking again. */
  readonly request: (subject: Subject, role: string, reason: string) => Promise<ElevationRequest>
  /** Throws `elevation.unknown`, `.not_open`, `.self_approval`, `.not_approver`, `.powers_changed`. */
  readonly approve: (id: string, by: Subject) => Promise<ElevationRequest>
  readonly find: (id: string) => ElevationRequest | undefined
  readonly list: () => readonly ElevationRequest[]
  /** Records the end of what has ended; called on a timer, and by whoever wants it now. */
  readonly sweep: () => Promise<void>
}

/** Opens administration on what the ledger holds. */
export function openAdministration(options: AdministrationOptions): Administration {
  const { append, clock, newId, ruleOf, powersOf } = options
  const epochs = createEpochTable()
  const elevations = createElevationTable(clock)
  const steppedBack = createStepWatch(clock)
  let latestMs = 0
  for (const record of options.past) {
    latestMs = Math.max(latestMs, record.at)
    if (record.kind === 'revocation') epochs.apply(record)
    if (record.kind === 'elevation') elevations.apply(record)
  }
  // The clock stands before what was recorded already: nothing that depends on it can be believed.
  let distrusted = clock.nowMs() < latestMs - 2_000

  // By both clocks, beside the grant: turning back the wall clock prolongs none.
  const deadlines = new WeakMap<Grant, Deadline>()
  // One change at a time: what was checked must still hold when its record is durable.
  let lastTurn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = lastTurn.then(act, act)
    lastTurn = turn
    return turn
  }

  const record = async (entry: Omit<ElevationRecord, 'kind' | 'at'>): Promise<ElevationRequest> => {
    const full: ElevationRecord = { kind: 'elevation', at: clock.nowMs(), ...entry }
    await append(full, 'synced')
    elevations.apply(full)
    if (full.event === 'ended') epochs.apply({ target: elevationTarget(full.subject) })
    return found(full.request)
  }
  const found = (id: string): ElevationRequest => {
    const request = elevations.find(id)
    if (request === undefined) throw refusal('elevation.unknown', 'There is no such request.')
    return request
  }
  const end = ({ id, subject, role, powers }: ElevationRequest, reason: string): Promise<unknown> =>
    record({ event: 'ended', request: id, subject, role, powers, reason })
  const sweep = async (): Promise<void> => {
    if (steppedBack() || distrusted) {
      distrusted = false
      for (const request of elevations.approved()) await end(request, 'the clock was set back')
    }
    for (const request of elevations.overdue()) await end(request, 'its time is over')
  }

  return {
    admit: (decision, receipt) => {
      if (!isReceipt(receipt) || receipt.decision !== decision.id) {
        throw new SallyportError('grant.without_receipt', 'A grant was asked for a decision that is not in the ledger.')
      }
      const [{ subject, user }] = decision.asked
      const people = user === undefined ? [subject] : [subject, user]
      const credentialEndsAt = (user ?? subject).authentication?.expiresAtSeconds ?? Infinity
      const elevationEndsAt = elevations.endsAt(people.map(({ id }) => id))
      const endsAt = Math.min(clock.nowMs() + options.grantLifetimeMs, credentialEndsAt * 1000, elevationEndsAt)
      const grant = sealGrant({ decision, receipt, expiresAt: endsAt, epochs: epochs.of(people) })
      deadlines.set(grant, deadlineIn(clock, endsAt - clock.nowMs()))
      return grant
    },
    isCurrent: (grant) => {
      const deadline = isGrant(grant) ? deadlines.get(grant) : undefined
      return deadline !== undefined && !isPast(deadline, clock) && epochs.unchanged(grant.epochs)
    },
    revoke: async (target, reason) => {
      const revocation = { kind: 'revocation', at: clock.nowMs(), target, reason } as const
      // What takes away holds even when it cannot be recorded; the caller learns of that, and may ask again.
      await append(revocation, 'synced').finally(() => epochs.apply(revocation))
    },
    elevatedRoles: (subjectId) => (distrusted ? [] : elevations.liveRoles(subjectId)),
    request: (subject, role, reason) =>
      inTurn(async () => {
        if (ruleOf(role) === undefined) {
          throw refusal('elevation.unknown', `The role ${role} is not elevated just in time.`)
        }
        const standing = elevations.standing(subject.id, role)
        if (standing !== undefined && standing.powers === powersOf(role)) return standing
        const powers = powersOf(role)
        return record({ event: 'requested', request: newId(), subject: subject.id, role, reason, powers })
      }),
    approve: (id, by) =>
      inTurn(async () => {
        const request = found(id)
        const rule = ruleOf(request.role)
        if (request.state !== 'requested' || elevations.standing(request.subject, request.role)?.id !== id) {
          throw refusal('elevation.not_open', 'This request is not open any more.')
        }
        if (request.subject === by.id) throw refusal('elevation.self_approval', 'Nobody approves their own request.')
        if (rule === undefined || !rule.approvers.some((role) => by.roles.includes(role))) {
          throw refusal('elevation.not_approver', `${by.name} may not approve the role ${request.role}.`)
        }
        if (request.powers !== powersOf(request.role)) {
          throw refusal('elevation.powers_changed', 'The role means something else now than when this was asked.')
        }
        const { subject, role, powers } = request
        return record({
          event: 'approved',
          request: id,
          subject,
          role,
          powers,
          by: by.id,
          expiresAt: clock.nowMs() + rule.maxMs,
        })
      }),
    find: elevations.find,
    list: elevations.list,
    sweep: () => inTurn(sweep),
  }
}

function refusal(code: string, message: string): SallyportError {
  return new SallyportError(code, message, { publicMessage: message })
}
