import type { Kind } from './mutations.ts'

/** A mutant that no test can notice, or need not: where it stands, what is taken out, and why that is no loss. */
export type Accepted = readonly [file: string, kind: Kind, code: string, why: string]
