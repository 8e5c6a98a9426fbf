import type { Grade } from '../match/caller.ts'
import type { Condition } from '../match/condition.ts'
import { type Facts, fact } from '../match/facts.ts'
import { compilePrincipal } from '../match/principal.ts'
import { grantAt, type Hearing, isHeardAt, isWanted } from './hearing.ts'
import {
  type CompiledStatement,
  compileActions,
  compileResources,
  conditionsOf,
  type StatementTests,
} from './statement.ts'

/** A statement with the place of its layer, and whether the way to it leads through its resources alone. */
export interface Placed {
  readonly statement: CompiledStatement
  readonly place: number
  readonly onResource: boolean
}

/**
 * Statements as rows of numbers, those that are asked together next to each other: with thousands of them, what a
 * decision costs is how many places in memory it looks at. Statements that say the same share the test of it, over
 * layers too.
 */
export interface Rows {
  /** By the number that `Hearing.granted` has. */
  readonly statements: readonly CompiledStatement[]
  /** Lays statements out, after the text by which they are found; gives where that begins, never 0. */
  readonly lay: (placed: readonly Placed[], text: string) => number
  /** Whether another text begins with the one laid out there. */
  readonly isBegun: (start: number, text: string) => boolean
  /** Asks those laid out there: those that deny first, and those that allow where their word is wanted. */
  readonly hear: (start: number, hearing: Hearing) => boolean
}

// Where the parts of a row stand, from its beginning. Each condition takes two: how it is read, and its number.
const place = 0
const number = 1
const action = 2
const resource = 3
const principal = 4
const count = 5
const conditions = 6

/** In the place of a test that every request passes, and of the key of a condition that has to be called. */
const none = -1

/** No rows yet. */
export function makeRows(): Rows {
  let rows = new Int32Array(64)
  // The first row is nobody's, and shares nothing with any.
  rows.fill(none, 0, count)
  let end = conditions
  const put = (value: number): void => {
    if (end === rows.length) {
      const longer = new Int32Array(rows.length * 2)
      longer.set(rows)
      rows = longer
    }
    rows[end] = value
    end += 1
  }

  const statements: CompiledStatement[] = []
  const actions = interned<StatementTests['matchesAction']>()
  const resources = interned<StatementTests['matchesResource']>()
  const grades = interned<StatementTests['grade']>()
  const keys = interned<string>()
  const asked = interned<Condition>()
  /** By the numbers of conditions: their tests, and of those that compare with one text, that and how it is read. */
  const [holds, texts, readings]: [Condition['holds'][], string[], number[]] = [[], [], []]
  const numberOf = (name: string, compile: () => Condition): number => {
    const known = asked.of(name, compile)
    const condition = asked.all[known]
    if (known < holds.length || condition === undefined) return known
    holds.push(condition.holds)
    texts.push(condition.only ?? '')
    const key = condition.only === undefined ? none : keys.of(condition.name, () => condition.name)
    readings.push(key === none ? none : key * 2 + (condition.use.operator.negated ? 1 : 0))
    return known
  }
  const layOne = ({ statement, place: at, onResource }: Placed): void => {
    const { source, takesVariables, denies } = statement
    const isAnywhere = onResource || (source.Resource === undefined && source.NotResource === undefined)
    const isAnybodys = source.NotPrincipal === undefined && (source.Principal ?? '*') === '*'
    const onWhat = JSON.stringify([source.Resource, source.NotResource, takesVariables, denies])
    const byWhom = JSON.stringify([source.Principal, source.NotPrincipal])
    put(at)
    put(statements.push(statement) - 1)
    put(actions.of(JSON.stringify([source.Action, source.NotAction]), () => compileActions(source)))
    put(isAnywhere ? none : resources.of(onWhat, () => compileResources(source, takesVariables)))
    put(isAnybodys ? none : grades.of(byWhom, () => compilePrincipal(source)))
    const uncompiled = conditionsOf(statement)
    put(uncompiled.length)
    for (const { name, compile } of uncompiled) {
      const condition = numberOf(name, compile)
      put(readings[condition] ?? none)
      put(condition)
    }
  }

  const isHeld = (reading: number, condition: number, facts: Facts): boolean => {
    if (reading !== none) {
      // Most conditions are of this kind, and are answered without a call.
      const value = fact(facts, keys.all[reading >> 1] ?? '')
      if (typeof value === 'string') return (value === texts[condition]) !== ((reading & 1) === 1)
    }
    return holds[condition]?.(facts) === true
  }
  /** `before` is where a row begins of which all held, or nobody's: what both ask at one place, is not asked again. */
  const gradeAt = (at: number, before: number, facts: Facts): Grade => {
    const matchesAction = rows[at + action] ?? 0
    if (matchesAction !== rows[before + action] && actions.all[matchesAction]?.(facts.foldedAction) !== true) return 0
    const matchesResource = rows[at + resource] ?? 0
    if (matchesResource !== none && resources.all[matchesResource]?.(facts) !== true) return 0
    const named = rows[at + principal] ?? 0
    const grade = named === none ? 3 : (grades.all[named]?.(facts) ?? 0)
    if (grade === 0) return 0
    const last = 2 * (rows[at + count] ?? 0)
    const shared = 2 * (rows[before + count] ?? 0)
    for (let one = conditions; one < conditions + last; one += 2) {
      const condition = rows[at + one + 1] ?? 0
      if (one < conditions + shared && condition === rows[before + one + 1]) continue
      if (!isHeld(rows[at + one] ?? none, condition, facts)) return 0
    }
    return grade
  }

  return {
    statements,
    lay: (placed, text) => {
      const start = end
      put(text.length)
      for (let at = 0; at < text.length; at += 2) put(pairAt(text, at, text.length))
      const denies = placed.filter(({ statement }) => statement.denies)
      const allows = placed.filter(({ statement }) => !statement.denies)
      put(denies.length)
      put(allows.length)
      for (const one of [...denies, ...allows]) layOne(one)
      return start
    },
    isBegun: (start, text) => {
      const length = rows[start] ?? 0
      if (text.length < length) return false
      let pair = start + 1
      for (let at = 0; at < length; at += 2, pair += 1) if (rows[pair] !== pairAt(text, at, length)) return false
      return true
    },
    hear: (start, hearing) => {
      const { facts, base } = hearing
      const counts = start + 1 + (((rows[start] ?? 0) + 1) >> 1)
      let at = counts + 2
      for (let left = rows[counts] ?? 0; left > 0; left -= 1) {
        const where = base + (rows[at + place] ?? 0)
        if (isHeardAt(hearing, where) && gradeAt(at, 0, facts) > 0) {
          hearing.denied = statements[rows[at + number] ?? 0]
          hearing.deniedAt = where
        }
        at += conditions + 2 * (rows[at + count] ?? 0)
      }
      let held = 0
      for (let left = rows[counts + 1] ?? 0; left > 0; left -= 1) {
        const where = base + (rows[at + place] ?? 0)
        if (isWanted(hearing, where)) {
          const grade = gradeAt(at, held, facts)
          if (grade > 0) {
            held = at
            grantAt(hearing, where, rows[at + number] ?? 0, grade)
          }
        }
        at += conditions + 2 * (rows[at + count] ?? 0)
      }
      return hearing.open === 0 && !hearing.mayDeny
    },
  }
}

/** Two letters of a text as one number, or its last. */
function pairAt(text: string, at: number, length: number): number {
  return text.charCodeAt(at) | (at + 1 < length ? text.charCodeAt(at + 1) << 16 : 0)
}

/** Things that are made once for each name, and known by a number. */
interface Interned<Thing> {
  readonly all: readonly Thing[]
  readonly of: (name: string, make: () => Thing) => number
}

function interned<Thing>(): Interned<Thing> {
  const all: Thing[] = []
  const numbers = new Map<string, number>()
  return {
    all,
    of: (name, make) => {
      const known = numbers.get(name)
      if (known !== undefined) return known
      numbers.set(name, all.length)
      return all.push(make()) - 1
    },
  }
}
