import {
  type Epochs,
  isRevoked,
  type RevocationRecord,
  type RevokedAt,
  revocationTargets,
  type Subject,
} from '@sallyport/core/access'

/** Revocation counters. A target that was never revoked stands at 0. */
export interface EpochTable {
  readonly current: (target: string) => number
  /** When a target was last revoked, for credentials that come from before. */
  readonly revokedAt: RevokedAt
  /** Takes note of a revocation that is in the ledger, and tells whoever watches the target. */
  readonly apply: (record: Pick<RevocationRecord, 'target' | 'at'>) => void
  /**
   * The counters that the grants of these subjects depend on, as they stand now. A subject that rests on something
   * revoked already gets one that no counter ever has: its grant has ended before it began.
   */
  readonly of: (subjects: readonly (Subject | undefined)[], others?: readonly string[]) => Epochs
  /** True while none of them has moved. */
  readonly unchanged: (epochs: Epochs) => boolean
  /** True when the evidence that made this subject is older than a revocation of what it rests on. */
  readonly ended: (subject: Subject | undefined) => boolean
  /** Calls back once, as soon as one of them moves; at once when one has. The answer takes the wish back. */
  readonly watch: (epochs: Epochs, ended: () => void) => () => void
}

const neverCurrent = -1

/** Starts with every counter at 0; the ledger's revocations are applied to it. */
export function createEpochTable(): EpochTable {
  const counters = new Map<string, number>()
  const moments = new Map<string, number>()
  const watchers = new Map<string, Set<() => void>>()
  const current = (target: string): number => counters.get(target) ?? 0
  const revokedAt: RevokedAt = (target) => moments.get(target)
  const unchanged = (epochs: Epochs): boolean => {
    for (const [target, epoch] of epochs) if (current(target) !== epoch) return false
    return true
  }
  return {
    current,
    revokedAt,
    unchanged,
    apply: ({ target, at }) => {
      counters.set(target, current(target) + 1)
      moments.set(target, Math.max(at, moments.get(target) ?? 0))
      // A set that is walked passes over what was taken out of it meanwhile.
      for (const tell of watchers.get(target) ?? []) tell()
    },
    of: (subjects, others = []) => {
      const epochs = new Map<string, number>()
      for (const target of others) epochs.set(target, current(target))
      for (const subject of subjects) {
        if (subject === undefined || subject.kind === 'anonymous') continue
        const isOver = isRevoked(subject, revokedAt)
        for (const target of [...revocationTargets(subject), elevationTarget(subject.id)]) {
          if (epochs.get(target) !== neverCurrent) epochs.set(target, isOver ? neverCurrent : current(target))
        }
      }
      return epochs
    },
    watch: (epochs, ended) => {
      const release = (): void => {
        for (const target of epochs.keys()) {
          const told = watchers.get(target)
          told?.delete(tell)
          if (told?.size === 0) watchers.delete(target)
        }
      }
      const tell = (): void => {
        release()
        ended()
      }
      if (!unchanged(epochs)) {
        ended()
        return release
      }
      for (const target of epochs.keys()) {
        const told = watchers.get(target)
        if (told === undefined) watchers.set(target, new Set([tell]))
        else told.add(tell)
      }
      return release
    },
    ended: (subject) => subject !== undefined && isRevoked(subject, revokedAt),
  }
}

/** The counter that moves when an elevation of this subject ends. */
export function elevationTarget(subjectId: string): string {
  return `elevation/${subjectId}`
}
