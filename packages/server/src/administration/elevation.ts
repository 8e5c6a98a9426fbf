import type { ElevationRecord } from '@sallyport/core/access'

import { type Clock, type Deadline, deadlineAt, isPast, leftMs } from './clock.ts'

/** A request to hold a role's powers for a while, and what became of it. */
export interface ElevationRequest {
  readonly id: string
  /** ARN of who asked. */
  readonly subject: string
  /** The sitting in which they did. */
  readonly sessionId?: string
  readonly role: string
  readonly reason: string
  /** `approved`: enough persons consented, and no elevation runs just now; `granted`: one runs. */
  readonly state: 'requested' | 'approved' | 'granted' | 'denied' | 'ended'
  /** Digest of exactly what was asked. */
  readonly powers: string
  readonly requestedAt: number
  /** ARNs of those who consented. */
  readonly approvedBy: readonly string[]
  /** All in milliseconds since the epoch: when the request stops waiting, the approval may not be used again, … */
  readonly waitsUntil: number
  readonly approvalEndsAt?: number
  /** … and the elevation ends. */
  readonly expiresAt?: number
  /** Nobody approved: the glass was broken. */
  readonly breakGlass: boolean
}

/** All requests, as the ledger tells them. */
export interface ElevationTable {
  readonly apply: (record: ElevationRecord) => void
  readonly find: (id: string) => ElevationRequest | undefined
  readonly list: () => readonly ElevationRequest[]
  /** Those of one account that are not over yet. */
  readonly of: (subject: string) => readonly ElevationRequest[]
  /** Those of everybody that are not over yet. */
  readonly pending: () => readonly ElevationRequest[]
  /** It waits for its approvals still. */
  readonly isOpen: (request: ElevationRequest) => boolean
  /** An elevation runs. */
  readonly isLive: (request: ElevationRequest) => boolean
  /** How long its approval may be used again, in milliseconds; 0 without one. */
  readonly approvalLeftMs: (request: ElevationRequest) => number
}

interface Deadlines {
  readonly waits: Deadline
  readonly approval?: Deadline
  readonly grant?: Deadline
}

/** A projection of the ledger: it holds nothing that replaying the records would not make again. */
export function createElevationTable(clock: Clock): ElevationTable {
  const requests = new Map<string, ElevationRequest>()
  const deadlines = new Map<string, Deadlines>()
  // Asked for by every request of a person, so it must not cost more the longer the ledger is.
  const bySubject = new Map<string, Set<string>>()
  const of = (subject: string): readonly ElevationRequest[] =>
    [...(bySubject.get(subject) ?? [])].flatMap((id) => requests.get(id) ?? [])

  return {
    apply: (record) => {
      const { request: id, event, expiresAt = record.at, approvalEndsAt, boot } = record
      const ends = deadlineAt(clock, expiresAt, boot === undefined ? undefined : { id: boot.id, ms: boot.expiresAtMs })
      if (event === 'requested') {
        const { subject, role, reason = '', powers, at: requestedAt, breakGlass = false, sessionId } = record
        const sitting = sessionId === undefined ? {} : { sessionId }
        const asked = { id, subject, ...sitting, role, reason, powers, requestedAt, breakGlass, approvedBy: [] }
        requests.set(id, { ...asked, waitsUntil: expiresAt, state: 'requested' })
        deadlines.set(id, { waits: ends })
        bySubject.set(subject, (bySubject.get(subject) ?? new Set()).add(id))
        return
      }
      const request = requests.get(id)
      const known = deadlines.get(id)
      if (request === undefined || known === undefined) return
      const { expiresAt: _, ...rest } = request
      switch (event) {
        case 'approved':
          if (record.by !== undefined) {
            requests.set(id, { ...request, approvedBy: [...request.approvedBy, record.by] })
          }
          return
        case 'granted': {
          const approval =
            approvalEndsAt === undefined
              ? known.approval
              : deadlineAt(clock, approvalEndsAt, { id: boot?.id ?? '', ms: boot?.approvalEndsAtMs ?? 0 })
          deadlines.set(id, { ...known, grant: ends, ...(approval === undefined ? {} : { approval }) })
          const standing = approvalEndsAt === undefined ? {} : { approvalEndsAt }
          requests.set(id, { ...request, ...standing, state: 'granted', expiresAt })
          return
        }
        case 'lapsed':
          requests.set(id, { ...rest, state: 'approved' })
          return
        case 'denied':
        case 'ended':
          requests.set(id, { ...request, state: event })
          // What is over is never asked for by anybody's requests again.
          bySubject.get(request.subject)?.delete(id)
      }
    },
    find: (id) => requests.get(id),
    list: () => [...requests.values()],
    of,
    pending: () => [...bySubject.keys()].flatMap(of),
    isOpen: ({ id, state }) => {
      const waits = deadlines.get(id)?.waits
      return state === 'requested' && waits !== undefined && !isPast(waits, clock)
    },
    isLive: ({ id, state }) => {
      const grant = deadlines.get(id)?.grant
      return state === 'granted' && grant !== undefined && !isPast(grant, clock)
    },
    approvalLeftMs: ({ id, state }) => {
      const approval = deadlines.get(id)?.approval
      const stands = approval !== undefined && (state === 'approved' || state === 'granted')
      return stands ? leftMs(approval, clock) : 0
    },
  }
}
