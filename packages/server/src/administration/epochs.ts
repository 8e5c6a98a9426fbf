import type { Epochs, RevocationRecord, Subject } from '@sallyport/core/access'

/** Revocation counters. A target that was never revoked stands at 0. */
export interface EpochTable {
  readonly current: (target: string) => number
  /** Takes note of a revocation that is in the ledger. */
  readonly apply: (record: Pick<RevocationRecord, 'target' | 'at'>) => void
  /** The counters that a subject's grants depend on, as they stand now. */
  readonly of: (subjects: readonly (Subject | undefined)[]) => Epochs
  /** True while none of them has moved. */
  readonly unchanged: (epochs: Epochs) => boolean
  /**
   * True when the evidence that made this subject is older than a revocation of it. A session never comes back; a
   * person does, by signing in again after it.
   */
  readonly ended: (subject: Subject | undefined) => boolean
}

/** Starts with every counter at 0; the ledger's revocations are applied to it. */
export function createEpochTable(): EpochTable {
  const counters = new Map<string, { readonly epoch: number; readonly atMs: number }>()
  const current = (target: string): number => counters.get(target)?.epoch ?? 0
  return {
    current,
    apply: ({ target, at }) => {
      const { epoch, atMs } = counters.get(target) ?? { epoch: 0, atMs: 0 }
      counters.set(target, { epoch: epoch + 1, atMs: Math.max(atMs, at) })
    },
    of: (subjects) => {
      const epochs = new Map<string, number>()
      for (const target of subjects.flatMap(targetsOf)) epochs.set(target, current(target))
      return epochs
    },
    unchanged: (epochs) => {
      for (const [target, epoch] of epochs) if (current(target) !== epoch) return false
      return true
    },
    ended: (subject) => {
      if (subject?.kind !== 'user') return false
      if (subject.sessionId !== undefined && counters.has(`session/${subject.sessionId}`)) return true
      const revoked = counters.get(`user/${subject.name}`)
      // In whole seconds, so what happened within the second of the revocation counts as before it.
      return revoked !== undefined && provedAtSeconds(subject) * 1000 <= revoked.atMs
    },
  }
}

/** When the person was last seen to be there; nobody knows is long ago. */
function provedAtSeconds({ authentication }: Subject): number {
  return authentication?.authenticatedAtSeconds ?? 0
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
