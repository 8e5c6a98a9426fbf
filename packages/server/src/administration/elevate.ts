import { type ElevationRecord, SallyportError, type Subject } from '@sallyport/core/access'

import { type Clock, createStepWatch } from './clock.ts'
import type { ElevationRequest, ElevationTable } from './elevation.ts'

/** How a role is elevated, from the manifest. */
export interface ElevationRule {
  readonly maxMs: number
  readonly approvers: readonly string[]
  /** How many different persons must approve. */
  readonly approvals: number
  readonly requestMs: number
  readonly approvalMs: number
  /** Longest elevation without approval; absent where there is none. */
  readonly breakGlassMs?: number
}

/** What the manifest in force, and whoever knows the people, say of roles; asked each time, for it may change. */
export interface ElevationRules {
  /** Undefined when the role is not elevated just in time. */
  readonly ruleOf: (role: string) => ElevationRule | undefined
  /** Digest of what the role may do: an approval is for these powers and no others. */
  readonly powersOf: (role: string) => string
  /** True when these accounts (ARNs) are one person's. */
  readonly samePerson: (one: string, other: string) => boolean
  /** False once an account (ARN) is known not to hold the role any more, or not to be there. */
  readonly mayHold: (account: string, role: string) => boolean
}

/** So often may one person break the glass of a role within a day. */
const mostBrokenADay = 3
const dayMs = 24 * 3_600_000

/** What people do about elevation. Each act is recorded before it counts; one act at a time. */
export interface Elevations {
  /**
   * Gives back a standing request or live elevation instead of asking again; an approval that may be used again
   * elevates at once. Throws `elevation.unknown`, `.not_eligible`.
   */
  readonly request: (subject: Subject, role: string, reason: string) => Promise<ElevationRequest>
  /** Elevates without approval. Throws `elevation.no_break_glass`, `.not_eligible`, `.glass_broken_often`. */
  readonly breakGlass: (subject: Subject, role: string, reason: string) => Promise<ElevationRequest>
  /**
   * Throws `elevation.unknown`, `.not_open`, `.self_approval`, `.already_approved`, `.not_approver`,
   * `.powers_changed`, `.not_eligible`.
   */
  readonly approve: (id: string, by: Subject) => Promise<ElevationRequest>
  /** Throws `elevation.unknown`, `.not_open`, `.not_approver`. */
  readonly deny: (id: string, by: Subject, reason: string) => Promise<ElevationRequest>
  /** By the holder or an approver. Throws `elevation.unknown`, `.not_open`, `.not_approver`. */
  readonly end: (id: string, by: Subject, reason: string) => Promise<ElevationRequest>
  /** Ends whatever an account asked for or holds. */
  readonly endAllOf: (account: string, reason: string) => Promise<void>
  /** Roles that are elevated for this account now: approved powers, in time, and still the account's to hold. */
  readonly liveRoles: (account: string) => readonly string[]
  /** When the first of these accounts' elevations ends, in milliseconds since the epoch; Infinity without any. */
  readonly endsAt: (accounts: readonly string[]) => number
  /** Records the end of what has ended. */
  readonly sweep: () => Promise<void>
}

/** Where the acts are kept, and who is told. */
export interface ElevationDesk {
  readonly table: ElevationTable
  readonly rules: ElevationRules
  readonly clock: Clock
  readonly newId: () => string
  /** Makes a record durable and applies it. */
  readonly record: (record: ElevationRecord) => Promise<void>
  /** Resolves when the alarm is durable. */
  readonly alarm: (code: string, subject: string, detail: string) => Promise<void>
  /** Told of each new request; never waited for. */
  readonly announce: (request: ElevationRequest) => void
  /** True at the start when the clock stands before what was recorded already. */
  readonly distrusted: boolean
}

type Entry = Omit<ElevationRecord, 'kind' | 'at' | 'subject' | 'role' | 'powers' | 'request'>

/** Opens the desk at which elevation is asked for, approved, used again and ended. */
export function openElevations(desk: ElevationDesk): Elevations {
  const { table, rules, clock } = desk
  const { ruleOf, powersOf, samePerson, mayHold } = rules
  const steppedBack = createStepWatch(clock)
  let { distrusted } = desk
  // One change at a time: what was checked must still hold when its record is durable.
  let lastTurn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = lastTurn.then(act, act)
    lastTurn = turn
    return turn
  }

  const found = (id: string): ElevationRequest => {
    const request = table.find(id)
    if (request === undefined) throw refusal('elevation.unknown', 'There is no such request.')
    return request
  }
  type About = Pick<ElevationRequest, 'id' | 'subject' | 'sessionId' | 'role' | 'powers'>
  const record = async (about: About, entry: Entry): Promise<ElevationRequest> => {
    const { id: request, subject, role, powers } = about
    const sitting = entry.by === undefined ? sittingOf(about) : {}
    await desk.record({ kind: 'elevation', at: clock.nowMs(), request, subject, role, powers, ...sitting, ...entry })
    return found(request)
  }
  const endsIn = (ms: number): Pick<Entry, 'expiresAt'> & { boot: { id: string; expiresAtMs: number } } => ({
    expiresAt: clock.nowMs() + ms,
    boot: { id: clock.bootId, expiresAtMs: clock.monotonicMs() + ms },
  })
  /** The first grant begins the life of the approval; those that follow stay within it. */
  const grant = (
    request: ElevationRequest,
    rule: ElevationRule,
    again?: { readonly by: Subject; readonly reason: string },
  ): Promise<ElevationRequest> => {
    const first = request.approvalEndsAt === undefined
    const leftMs = first ? rule.approvalMs : table.approvalLeftMs(request)
    const entry = endsIn(Math.min(rule.maxMs, leftMs))
    const approvalEndsAtMs = clock.monotonicMs() + leftMs
    return record(request, {
      event: 'granted',
      ...entry,
      ...(first ? { approvalEndsAt: clock.nowMs() + leftMs, boot: { ...entry.boot, approvalEndsAtMs } } : {}),
      ...(again === undefined ? {} : { reason: again.reason, ...sittingOf(again.by) }),
    })
  }
  /** Consents that still count: of persons who may approve at this moment, none of them twice or the one who asked. */
  const consents = ({ subject, approvedBy }: ElevationRequest, rule: ElevationRule): number => {
    const counted: string[] = []
    for (const by of approvedBy.filter((one) => rule.approvers.some((role) => mayHold(one, role)))) {
      if (![subject, ...counted].some((other) => samePerson(other, by))) counted.push(by)
    }
    return counted.length
  }
  const mustHold = (account: string, role: string): void => {
    if (!mayHold(account, role)) throw refusal('elevation.not_eligible', `The role ${role} is not held any more.`)
  }
  /** What goes on for longer is no emergency in which nobody can be asked. */
  const mustBeRare = (account: string, role: string): void => {
    const since = clock.nowMs() - dayMs
    const broken = table.list().filter((one) => one.breakGlass && one.role === role && one.requestedAt > since)
    if (broken.filter(({ subject }) => samePerson(subject, account)).length < mostBrokenADay) return
    const often = `The glass of ${role} was broken ${mostBrokenADay} times within a day: ask others to approve.`
    throw refusal('elevation.glass_broken_often', often)
  }
  const mustApprove = (request: ElevationRequest, by: Subject): ElevationRule => {
    const rule = ruleOf(request.role)
    if (rule === undefined || !rule.approvers.some((role) => by.roles.includes(role))) {
      throw refusal('elevation.not_approver', `${by.name} may not approve the role ${request.role}.`)
    }
    return rule
  }
  const isMeant = ({ subject, role, powers }: ElevationRequest): boolean =>
    ruleOf(role) !== undefined && powers === powersOf(role) && mayHold(subject, role)
  const end = (request: ElevationRequest, reason: string, by?: Subject): Promise<ElevationRequest> =>
    record(request, { event: 'ended', reason, ...(by === undefined ? {} : { by: by.id, ...sittingOf(by) }) })
  const ask = async (
    subject: Subject,
    role: string,
    reason: string,
    breakGlass: boolean,
  ): Promise<ElevationRequest> => {
    const rule = ruleOf(role)
    if (rule === undefined) throw refusal('elevation.unknown', `The role ${role} is not elevated just in time.`)
    mustHold(subject.id, role)
    const about = { id: desk.newId(), subject: subject.id, ...sittingOf(subject), role, powers: powersOf(role) }
    const entry = { event: 'requested', reason, ...endsIn(rule.requestMs) } as const
    const request = await record(about, breakGlass ? { ...entry, breakGlass } : entry)
    desk.announce(request)
    return request
  }
  const standing = (subject: string, role: string): readonly ElevationRequest[] =>
    table.of(subject).filter((request) => request.role === role && isMeant(request))

  return {
    request: (subject, role, reason) =>
      inTurn(async () => {
        const rule = ruleOf(role)
        const known = standing(subject.id, role)
        const waiting = known.find((request) => table.isLive(request)) ?? known.find(table.isOpen)
        const again = known.find((request) => table.approvalLeftMs(request) > 0 && !table.isLive(request))
        if (again !== undefined && rule !== undefined && consents(again, rule) >= rule.approvals) {
          return grant(again, rule, { by: subject, reason })
        }
        return waiting ?? ask(subject, role, reason, false)
      }),
    breakGlass: (subject, role, reason) =>
      inTurn(async () => {
        const lifetimeMs = ruleOf(role)?.breakGlassMs
        if (lifetimeMs === undefined) {
          throw refusal('elevation.no_break_glass', `There is no glass to break for the role ${role}.`)
        }
        const live = standing(subject.id, role).find((request) => table.isLive(request))
        if (live !== undefined) return live
        mustHold(subject.id, role)
        mustBeRare(subject.id, role)
        await desk.alarm('elevation.break_glass', subject.id, `${role}: ${reason}`)
        return record(await ask(subject, role, reason, true), { event: 'granted', ...endsIn(lifetimeMs) })
      }),
    approve: (id, by) =>
      inTurn(async () => {
        const request = found(id)
        if (!table.isOpen(request)) throw refusal('elevation.not_open', 'This request is not open any more.')
        if (samePerson(request.subject, by.id)) {
          throw refusal('elevation.self_approval', 'Nobody approves their own request.')
        }
        const rule = mustApprove(request, by)
        if (request.approvedBy.some((other) => samePerson(other, by.id))) {
          throw refusal('elevation.already_approved', 'This person approved it already; another one is needed.')
        }
        if (request.powers !== powersOf(request.role)) {
          throw refusal('elevation.powers_changed', 'The role means something else now than when this was asked.')
        }
        mustHold(request.subject, request.role)
        const approved = await record(request, { event: 'approved', by: by.id, ...sittingOf(by) })
        return consents(approved, rule) >= rule.approvals ? grant(approved, rule) : approved
      }),
    deny: (id, by, reason) =>
      inTurn(async () => {
        const request = found(id)
        if (!table.isOpen(request)) throw refusal('elevation.not_open', 'This request is not open any more.')
        mustApprove(request, by)
        return record(request, { event: 'denied', by: by.id, ...sittingOf(by), reason })
      }),
    end: (id, by, reason) =>
      inTurn(async () => {
        const request = found(id)
        if (request.state === 'ended' || request.state === 'denied') {
          throw refusal('elevation.not_open', 'This is over already.')
        }
        if (request.subject !== by.id) mustApprove(request, by)
        return end(request, reason, by)
      }),
    endAllOf: (account, reason) =>
      inTurn(async () => {
        for (const request of table.of(account)) await end(request, reason)
      }),
    liveRoles: (account) => {
      if (distrusted) return []
      const live = table.of(account).filter((request) => table.isLive(request) && isMeant(request))
      return live.map(({ role }) => role)
    },
    endsAt: (accounts) =>
      accounts
        .flatMap((account) => table.of(account))
        .filter((request) => table.isLive(request))
        .reduce((first, { expiresAt = Infinity }) => Math.min(first, expiresAt), Infinity),
    sweep: () =>
      inTurn(async () => {
        // Remembered until all are ended: a disk that is full for a moment must not let the rest live on.
        if (steppedBack()) distrusted = true
        if (distrusted) {
          for (const request of table.pending()) if (isHeld(request)) await end(request, 'the clock was set back')
          distrusted = false
        }
        for (const request of table.pending()) await settle(request)
      }),
  }

  async function settle(request: ElevationRequest): Promise<void> {
    const { state } = request
    if (isHeld(request) && !isMeant(request))
      await end(request, 'the role is not held any more, or means something else')
    else if (state === 'requested' && !table.isOpen(request)) await end(request, 'nobody approved it in time')
    else if (state === 'granted' && !table.isLive(request)) {
      if (table.approvalLeftMs(request) > 0) await record(request, { event: 'lapsed' })
      else await end(request, 'its time is over')
    } else if (state === 'approved' && table.approvalLeftMs(request) === 0) await end(request, 'its time is over')
  }
}

function sittingOf({ sessionId }: { readonly sessionId?: string }): Pick<Entry, 'sessionId'> {
  return sessionId === undefined ? {} : { sessionId }
}

function isHeld({ state }: ElevationRequest): boolean {
  return state === 'approved' || state === 'granted'
}

function refusal(code: string, message: string): SallyportError {
  return new SallyportError(code, message, { publicMessage: message })
}
