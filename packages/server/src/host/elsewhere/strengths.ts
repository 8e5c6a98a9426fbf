import type { Strength } from '../engine.ts'

/** How strongly an engine keeps a function apart, in one word, and what that word leaves out. */
export interface EngineStrength {
  readonly strength: Strength
  readonly detail: string
}

/** What no engine of ours can add to a machine that is not ours: for the banner, `doctor` and every record. */
export const elsewhereStrengths: Readonly<Record<'http' | 'lambda', EngineStrength>> = {
  http: {
    strength: 'absent',
    detail: 'isolation and egress control absent, one use of a ticket cooperative without a shared memory',
  },
  lambda: {
    strength: 'cooperative',
    detail: 'kept apart by AWS, egress control absent, whether its code checks tickets is up to it',
  },
}
