import type { Epochs, RevocationRecord, Subject } from '@sallyport/core/access'

/** Revocation counters. A target that was never revoked stands at 0. */
export interface EpochTable {
  readonly current: (target: string) => number
  /** Takes note of a revocation that is in the ledger. */
  readonly apply: (record: Pick<RevocationRecord, 'target'>) => void
  /** The counters that a subject's grants depend on, as they stand now. */
  readonly of: (subjects: readonly (Subject | undefined)[]) => Epochs
  /** True while none of them has moved. */
  readonly unchanged: (epochs: Epochs) => boolean
}

/** Starts with every counter at 0; the ledger's revocations are applied to it. */
export function createEpochTable(): EpochTable {
  const counters = new Map<string, number>()
  const current = (target: string): number => counters.get(target) ?? 0
  return {
    current,
    apply: ({ target }) => void counters.set(target, current(target) + 1),
    of: (subjects) => {
      const epochs = new Map<string, number>()
      for (const target of subjects.flatMap(targetsOf)) epochs.set(target, current(target))
      return epochs
    },
    unchanged: (epochs) => {
      for (const [target, epoch] of epochs) if (current(target) !== epoch) return false
      return true
    },
  }
}

/** What a revocation may name to end everything that rests on this subject. */
function targetsOf(subject: Subject | undefined): readonly string[] {
  if (subject === undefined || subject.kind === 'anonymous') return []
  const own = `${subject.kind}/${subject.name}`
  const elevation = elevationTarget(subject.id)
  return subject.sessionId === undefined ? [own, elevation] : [own, elevation, `session/${subject.sessionId}`]
}

/** The counter that moves when an elevation of this subject ends. */
export function elevationTarget(subjectId: string): string {
  return `elevation/${subjectId}`
}
