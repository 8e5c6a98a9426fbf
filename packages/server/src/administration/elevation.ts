import type { ElevationRecord } from '@sallyport/core/access'

import { type Clock, type Deadline, isPast } from './clock.ts'

/** A request to hold a role's powers for a while, and what became of it. */
export interface ElevationRequest {
  readonly id: string
  /** ARN of who asked. */
  readonly subject: string
  readonly role: string
  readonly reason: string
  readonly state: 'requested' | 'approved' | 'denied' | 'ended'
  /** Digest of exactly what was asked. */
  readonly powers: string
  readonly requestedAt: number
  readonly approvedBy?: string
  /** Milliseconds since the epoch; once approved. */
  readonly expiresAt?: number
}

/** All requests, as the ledger tells them. */
export interface ElevationTable {
  readonly apply: (record: ElevationRecord) => void
  readonly find: (id: string) => ElevationRequest | undefined
  readonly list: () => readonly ElevationRequest[]
  readonly liveRoles: (subject: string) => readonly string[]
  /** When the first of these subjects' elevations ends, in milliseconds since the epoch; Infinity without any. */
  readonly endsAt: (subjects: readonly string[]) => number
  /** A request of this subject for this role that is still open, or granted and alive. */
  readonly standing: (subject: string, role: string) => ElevationRequest | undefined
  /** Approved ones whose time is over, so that their end can be recorded. */
  readonly overdue: () => readonly ElevationRequest[]
  readonly approved: () => readonly ElevationRequest[]
}

/** A request that nobody has answered is forgotten after a day: what was asked then may not be meant now. */
const requestLifetimeMs = 24 * 60 * 60_000

/** A projection of the ledger: it holds nothing that replaying the records would not make again. */
export function createElevationTable(clock: Clock): ElevationTable {
  const requests = new Map<string, ElevationRequest>()
  // Only for what was approved in this boot; after a restart the wall clock alone is left.
  const deadlines = new Map<string, Deadline>()

  const isAlive = (request: ElevationRequest): boolean => {
    if (request.state !== 'approved' || request.expiresAt === undefined) return false
    const deadline = deadlines.get(request.id) ?? { wallMs: request.expiresAt, monotonicMs: Infinity }
    return !isPast(deadline, clock)
  }
  const isOpen = (request: ElevationRequest): boolean =>
    request.state === 'requested' && clock.nowMs() - request.requestedAt < requestLifetimeMs
  const all = (): readonly ElevationRequest[] => [...requests.values()]

  return {
    apply: (record) => {
      if (record.event === 'requested') {
        const { request: id, subject, role, reason = '', powers, at: requestedAt } = record
        requests.set(id, { id, subject, role, reason, powers, requestedAt, state: 'requested' })
        return
      }
      const request = requests.get(record.request)
      if (request === undefined) return
      const { event: state, by, expiresAt } = record
      requests.set(request.id, {
        ...request,
        state,
        ...(state === 'approved' && by !== undefined ? { approvedBy: by } : {}),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      })
      if (state === 'approved' && expiresAt !== undefined) {
        const leftMs = expiresAt - clock.nowMs()
        deadlines.set(request.id, { wallMs: expiresAt, monotonicMs: clock.monotonicMs() + leftMs })
      }
    },
    find: (id) => requests.get(id),
    list: all,
    liveRoles: (subject) =>
      all()
        .filter((request) => request.subject === subject && isAlive(request))
        .map(({ role }) => role),
    endsAt: (subjects) =>
      all()
        .filter((request) => subjects.includes(request.subject) && isAlive(request))
        .reduce((first, { expiresAt = Infinity }) => Math.min(first, expiresAt), Infinity),
    standing: (subject, role) =>
      all()
        .filter((request) => request.subject === subject && request.role === role)
        .find((request) => isAlive(request) || isOpen(request)),
    overdue: () => all().filter((request) => request.state === 'approved' && !isAlive(request)),
    approved: () => all().filter(({ state }) => state === 'approved'),
  }
}
