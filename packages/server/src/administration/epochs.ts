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

/** What the last grant of a subject rests on: the next one rests on the same, until a counter moves. */
interface Latest {
  readonly moves: number
  readonly subjects: readonly (Subject | undefined)[]
  readonly others: readonly string[]
  readonly epochs: Epochs
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((each, index) => each === other[index])
}

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
  // How often any counter has moved. A table that stood at this count stands, as long as nothing has moved since.
  let moves = 0
  const stoodAt = new WeakMap<Epochs, number>()
  const unchanged = (epochs: Epochs): boolean => {
    if (stoodAt.get(epochs) === moves) return true
    for (const [target, epoch] of epochs) if (current(target) !== epoch) return false
    stoodAt.set(epochs, moves)
    return true
  }
  const latest = new WeakMap<Subject, Latest>()
  return {
    current,
    revokedAt,
    unchanged,
    apply: ({ target, at }) => {
      counters.set(target, current(target) + 1)
      moments.set(target, Math.max(at, moments.get(target) ?? 0))
      moves += 1
      // A set that is walked passes over what was taken out of it meanwhile.
      for (const watcher of watchers) if (watcher.epochs.has(target)) watcher.tell()
    },
    of: (subjects, others = []) => {
      const [first] = subjects
      const known = first && latest.get(first)
      if (known?.moves === moves && isSame(known.subjects, subjects) && isSame(known.others, others)) {
        return known.epochs
      }
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
      if (first !== undefined) latest.set(first, { moves, subjects, others, epochs })
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
