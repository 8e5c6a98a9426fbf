import type { Mutant } from './mutants.ts'
import type { Kind } from './mutations.ts'

/** A mutant that no test can notice, or need not: where it stands, what is taken out, and why that is no loss. */
type Accepted = readonly [file: string, kind: Kind, code: string, why: string]

const core = 'packages/core/src'

/** One line each. Whoever changes the line meets its mutant again. */
export const accepted: readonly Accepted[] = [
  [`${core}/identity/keys/key-record.ts`, 'guard', "typeof name !== 'string'", 'no map has it as a key'],
  [`${core}/identity/keys/key-set.ts`, 'guard', 'isObject(jwk)', 'what is no object has no kid either'],
]

/** Why a mutant may survive. */
export function acceptedFor({ file, kind, code }: Pick<Mutant, 'file' | 'kind' | 'code'>): string | undefined {
  return accepted.find((one) => one[0] === file && one[1] === kind && one[2] === code)?.[3]
}
