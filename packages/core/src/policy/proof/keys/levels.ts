import type { KeyClasses } from './key-classes.ts'

/** Where the levels of a request's own parts are. */
export const levels = { action: 0, resource: 1, account: 2, caller: 3 } as const

/** One context key: the level at which its class is chosen, and those at which the members of a list are. */
export interface KeyLevels extends KeyClasses {
  readonly level: number
  readonly memberLevels: readonly number[]
  /** The key as a policy writes it. */
  readonly written: string
}
