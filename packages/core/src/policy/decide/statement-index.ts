import type { Grade } from '../match/caller.ts'
import { type Facts, fact } from '../match/facts.ts'
import { type AccessPath, assignPaths, pushTo, resourceStarts } from './access-path.ts'
import { grantAt, type Hear, type Hearing, isHeardAt, isWanted } from './hearing.ts'
import { prefixTable } from './prefix-table.ts'
import { makeRows, type Placed, type Rows } from './rows.ts'
import { type CompiledStatement, gradeOf } from './statement.ts'
import { prefixTree, suffixTree } from './text-tree.ts'

/** So few are asked one after the other: they lie next to each other. */
const few = 8

/** Statements that can be asked about one request together. */
export interface Index {
  readonly hear: Hear
  /** By the numbers that `Hearing.granted` has. */
  readonly statements: readonly CompiledStatement[]
}

/**
 * Statements stored so that the many that do not apply cost nothing: by the text that their resources begin with, and
 * where many share it, by the most telling of action, principal, a condition's value or the text that their resources
 * end with. Those of several layers stand together, so that one walk asks all of them. Asking allocates nothing.
 * Several indexes may share their rows.
 */
export function indexStatements(placed: readonly Placed[], shared?: Rows): Index {
  if (shared === undefined && placed.length <= few) return hearDirectly(placed)
  const rows = shared ?? makeRows()
  const { statements } = rows
  if (placed.length <= few) return { statements, hear: hearOneByOne(rows, placed) }
  const whole = new Map<string, Placed[]>()
  const begins = new Map<string, Placed[]>()
  for (const one of placed) {
    const starts = resourceStarts(one.statement)
    for (const resource of starts.whole) pushTo(whole, resource, { ...one, onResource: true })
    for (const [prefix, onResource] of starts.prefixes) pushTo(begins, prefix, { ...one, onResource })
  }
  return { statements, hear: hearByResource(rows, whole, begins) }
}

/** Few statements by themselves: to lay them out would take longer than to ask them, and mostly they are asked once. */
function hearDirectly(placed: readonly Placed[]): Index {
  const statements = placed.map(({ statement }) => statement)
  const numbers = [...placed.keys()]
  const denies = numbers.filter((number) => statements[number]?.denies === true)
  const allows = numbers.filter((number) => statements[number]?.denies === false)
  const gradeAt = (number: number, facts: Facts): Grade => {
    const statement = statements[number]
    return statement === undefined ? 0 : gradeOf(statement, facts)
  }
  const hear: Hear = (hearing) => {
    const { base, facts } = hearing
    for (let at = 0; at < denies.length; at += 1) {
      const number = denies[at] ?? 0
      const where = base + (placed[number]?.place ?? 0)
      if (!isHeardAt(hearing, where) || gradeAt(number, facts) === 0) continue
      hearing.denied = statements[number]
      hearing.deniedAt = where
    }
    for (let at = 0; at < allows.length; at += 1) {
      const number = allows[at] ?? 0
      const where = base + (placed[number]?.place ?? 0)
      if (isWanted(hearing, where)) grantAt(hearing, where, number, gradeAt(number, facts))
    }
    return hearing.open === 0 && !hearing.mayDeny
  }
  return { hear, statements }
}

/** Asks those that name the resource in full, and those whose patterns have a beginning that it has. */
function hearByResource(
  rows: Rows,
  whole: ReadonlyMap<string, readonly Placed[]>,
  begins: ReadonlyMap<string, readonly Placed[]>,
): Hear {
  const texts = [...begins.keys(), ...whole.keys()]
  const lists: (readonly Placed[] | Hear)[] = [...begins.values(), ...whole.values()].map((placed) =>
    placed.length <= few ? placed : makeShelf(rows, placed, []),
  )
  // Where an entry's rows begin. They are laid out when they are first asked; 0 before that, and where it is a shelf.
  const starts = new Int32Array(lists.length)
  const ask = (entry: number, length: number, hearing: Hearing): boolean => {
    const { resource } = hearing.facts
    if (entry >= begins.size && length !== resource.length) return false
    const start = starts[entry] ?? 0
    if (start > 0) return rows.isBegun(start, resource) && rows.hear(start, hearing)
    const text = texts[entry] ?? ''
    if (text.length !== length || !resource.startsWith(text)) return false
    const list = lists[entry]
    if (typeof list === 'function') return list(hearing)
    const laid = rows.lay(list ?? [], text)
    starts[entry] = laid
    lists[entry] = []
    return rows.hear(laid, hearing)
  }
  const table = prefixTable(texts)
  if (table !== undefined) return (hearing) => table.some(hearing.facts.resource, ask, hearing)
  const tree = prefixTree([...Map.groupBy(texts.keys(), (entry) => texts[entry] ?? '')])
  const askAll = (group: readonly number[], hearing: Hearing): boolean =>
    group.some((entry) => ask(entry, texts[entry]?.length ?? 0, hearing))
  return (hearing) => tree.some(hearing.facts.resource, askAll, hearing)
}

function hearOneByOne(rows: Rows, placed: readonly Placed[]): Hear {
  let start = 0
  return (hearing) => {
    if (start === 0) start = rows.lay(placed, '')
    return rows.hear(start, hearing)
  }
}

const ask = (hear: Hear, hearing: Hearing): boolean => hear(hearing)

function oneAfterAnother(all: readonly Hear[]): Hear {
  const [only] = all
  if (only !== undefined && all.length === 1) return only
  return (hearing) => {
    for (const hear of all) if (hear(hearing)) return true
    return false
  }
}

/** Splits a list by what tells its statements apart best; `taken` are the paths that led here. */
function makeShelf(rows: Rows, placed: readonly Placed[], taken: readonly string[]): Hear {
  if (placed.length <= few) return hearOneByOne(rows, placed)
  const { found, rest } = assignPaths(placed, taken)
  const all = found.map(([path, byKey]) => hearAlong(rows, path, byKey, [...taken, path.name]))
  return oneAfterAnother(rest.length === 0 ? all : [...all, hearOneByOne(rows, rest)])
}

function hearAlong(
  rows: Rows,
  { by }: AccessPath,
  byKey: ReadonlyMap<string, readonly Placed[]>,
  taken: readonly string[],
): Hear {
  const shelf = new Map([...byKey].map(([key, placed]) => [key, makeShelf(rows, placed, taken)]))
  switch (by.kind) {
    case 'action-prefix': {
      const tree = prefixTree([...shelf])
      return (hearing) => tree.some(hearing.facts.foldedAction, ask, hearing)
    }
    case 'resource-suffix': {
      const tree = suffixTree([...shelf])
      return (hearing) => tree.some(hearing.facts.resource, ask, hearing)
    }
    case 'principal':
      return (hearing) => {
        for (const name of hearing.facts.caller.names) if (shelf.get(name)?.(hearing) === true) return true
        return false
      }
    case 'fact':
      return hearByFact(
        by.key,
        shelf,
        by.isList ? undefined : hearOneByOne(rows, [...new Set([...byKey.values()].flat())]),
      )
  }
}

/** `all` is asked where several values stand and the conditions are for one: what then counts, they say themselves. */
function hearByFact(key: string, shelf: ReadonlyMap<string, Hear>, all: Hear | undefined): Hear {
  return (hearing) => {
    const value = fact(hearing.facts, key)
    if (value === undefined) return false
    if (typeof value !== 'object') return shelf.get(String(value))?.(hearing) === true
    if (all !== undefined && value.length !== 1) return all(hearing)
    for (const item of value) if (shelf.get(item)?.(hearing) === true) return true
    return false
  }
}
