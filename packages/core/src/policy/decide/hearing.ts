import type { Grade } from '../match/caller.ts'
import type { Facts } from '../match/facts.ts'
import type { CompiledStatement } from './statement.ts'

/** What the statements of a set say of one request, gathered in one walk along its index. Layers are known by place. */
export interface Hearing {
  readonly facts: Facts
  /** The place of the layer that is asked; 0 where the index knows the place of each statement. */
  base: number
  /** By place, the number of an Allow that applies; `wanted` while none was found; `unasked`, `unheard`. */
  readonly granted: number[]
  /** How many places still want one. */
  open: number
  /** The place whose Allow may name the caller more or less closely. */
  readonly owner: number
  /** How closely it has to, before no other Allow is looked for. */
  readonly enough: number
  /** How closely the Allow that was found there does. */
  ownerGrade: number
  /** The outermost Deny that applies, and the place it stands at; as many as there are places while there is none. */
  denied: CompiledStatement | undefined
  deniedAt: number
  /** Whether a Deny stands anywhere, so that the walk has to be gone to its end. */
  readonly mayDeny: boolean
}

/** No Allow was found yet. */
export const wanted = -1
/** Nobody asks for an Allow. */
export const unasked = -2
/** Nobody asks for anything that is said there. */
export const unheard = -3

/** Asks some statements; true when there is nothing left to find out. */
export type Hear = (hearing: Hearing) => boolean

/** Whether a Deny at that place would change anything: one that stands further out has been found, or none is heard. */
export function isHeardAt(hearing: Hearing, place: number): boolean {
  return place < hearing.deniedAt && hearing.granted[place] !== unheard
}

/** Whether an Allow at that place would change anything. */
export function isWanted(hearing: Hearing, place: number): boolean {
  // Nothing that is allowed counts beside a Deny.
  if (hearing.denied !== undefined) return false
  const granted = hearing.granted[place]
  if (granted === wanted) return true
  return granted !== unasked && granted !== unheard && place === hearing.owner && hearing.ownerGrade < hearing.enough
}

/** Notes an Allow at that place that names the caller so closely; not at all at 0. */
export function grantAt(hearing: Hearing, place: number, statement: number, grade: Grade): void {
  if (grade === 0) return
  if (place !== hearing.owner) {
    hearing.granted[place] = statement
    hearing.open -= 1
  } else if (grade > hearing.ownerGrade) {
    hearing.granted[place] = statement
    hearing.ownerGrade = grade
    if (grade >= hearing.enough) hearing.open -= 1
  }
}
