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

interface Watcher {
  readonly epochs: Epochs
  readonly tell: () => void
}

/** Starts with every counter at 0; the ledger's revocations are applied to it. */
export function createEpochTable(): EpochTable {
  const counters = new Map<string, number>()
  const moments = new Map<string, number>()
  // Walked at a revocation, which is rare; a request comes and goes by one entry, whatever its grant rests on.
  const watchers = new Set<Watcher>()
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
      for (const watcher of watchers) if (watcher.epochs.has(target)) watcher.tell()
    },
    of: (subjects, others = []) => {
      const epochs = new Map<string, number>()
      for (const target of others) epochs.set(target, current(target))
      for (const subject of new Set(subjects)) {
        if (subject === undefined || subject.kind === 'anonymous') continue
        const isOver = isRevoked(subject, revokedAt)
        const rest = (target: string): void => {
          if (epochs.get(target) !== neverCurrent) epochs.set(target, isOver ? neverCurrent : current(target))
        }
        for (const target of revocationTargets(subject)) rest(target)
        rest(elevationTarget(subject.id))
      }
      return epochs
    },
    watch: (epochs, ended) => {
      const watcher: Watcher = {
        epochs,
        tell: () => {
          watchers.delete(watcher)
          ended()
        },
      }
      if (unchanged(epochs)) watchers.add(watcher)
      else ended()
      return () => void watchers.delete(watcher)
    },
    ended: (subject) => subject !== undefined && isRevoked(subject, revokedAt),
  }
}

/** The counter that moves when an elevation of this subject ends. */
export function elevationTarget(subjectId: string): string {
  return `elevation/${subjectId}`
}
