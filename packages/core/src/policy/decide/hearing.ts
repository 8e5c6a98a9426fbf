import type { Grade } from '../match/caller.ts'
import type { Facts } from '../match/facts.ts'
import { type CompiledStatement, gradeOf, gradeOnResource } from './statement.ts'

/** What the statements of a set say of one request, gathered in one walk along its index. Layers are known by place. */
export interface Hearing {
  readonly facts: Facts
  /** The place of the layer that is asked; 0 where the index knows the place of each statement. */
  base: number
  /** By place, an Allow that applies; null where nobody asks for one. */
  readonly granted: (CompiledStatement | null | undefined)[]
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

/** Asks some statements; true when there is nothing left to find out. */
export type Hear = (hearing: Hearing) => boolean

/** A statement with the place of its layer, and whether the way to it leads through its resources alone. */
export interface Placed {
  readonly statement: CompiledStatement
  readonly place: number
  readonly onResource: boolean
}

/** Asks one statement after the other: those that deny first, and those that allow where their word is wanted. */
export function hearOneByOne(placed: readonly Placed[]): Hear {
  const [only] = placed
  if (only !== undefined && placed.length === 1 && only.statement.source.Effect === 'Allow') return hearAllow(only)
  const denies = placed.filter(({ statement }) => statement.source.Effect === 'Deny')
  const allows = placed.filter(({ statement }) => statement.source.Effect === 'Allow')
  return (hearing) => {
    const { base, facts } = hearing
    for (let at = 0; at < denies.length; at += 1) {
      const deny = denies[at]
      if (deny === undefined || base + deny.place >= hearing.deniedAt || gradeIn(deny, facts) === 0) continue
      hearing.denied = deny.statement
      hearing.deniedAt = base + deny.place
    }
    for (let at = 0; at < allows.length; at += 1) {
      const allow = allows[at]
      if (allow !== undefined && isWanted(hearing, base + allow.place)) grant(hearing, allow)
    }
    return hearing.open === 0 && !hearing.mayDeny
  }
}

function hearAllow(allow: Placed): Hear {
  return (hearing) => {
    if (isWanted(hearing, hearing.base + allow.place)) grant(hearing, allow)
    return hearing.open === 0 && !hearing.mayDeny
  }
}

function gradeIn({ statement, onResource }: Placed, facts: Facts): Grade {
  return onResource ? gradeOnResource(statement, facts) : gradeOf(statement, facts)
}

function isWanted(hearing: Hearing, place: number): boolean {
  // Nothing that is allowed counts beside a Deny.
  if (hearing.denied !== undefined) return false
  const granted = hearing.granted[place]
  if (granted === undefined) return true
  return granted !== null && place === hearing.owner && hearing.ownerGrade < hearing.enough
}

function grant(hearing: Hearing, allow: Placed): void {
  const grade = gradeIn(allow, hearing.facts)
  if (grade === 0) return
  const place = hearing.base + allow.place
  if (place !== hearing.owner) {
    hearing.granted[place] = allow.statement
    hearing.open -= 1
  } else if (grade > hearing.ownerGrade) {
    hearing.granted[place] = allow.statement
    hearing.ownerGrade = grade
    if (grade >= hearing.enough) hearing.open -= 1
  }
}
