import type { Grade } from '../match/caller.ts'
import { fact, type Facts } from '../match/facts.ts'
import { type AccessPath, assignPaths, pushTo, resourceStarts } from './access-path.ts'
import { applies, type CompiledStatement } from './statement.ts'
import { prefixTree, suffixTree } from './text-tree.ts'

/**
 * Statements of one effect, stored so that the many that do not apply cost nothing: by the text that their resources
 * begin with, and where many share it, by the most telling of action, principal, a condition's value or the text that
 * their resources end with.
 */
export interface StatementIndex {
  readonly size: number
  /** A statement that applies and names the caller at least so closely; which of several is not said. */
  readonly find: Find
}

type Find = (facts: Facts, atLeast: Grade) => CompiledStatement | undefined

/** So few are tried one after the other. */
const few = 4

/** Indexes statements once; asking allocates nothing that grows with them. */
export function indexStatements(statements: readonly CompiledStatement[]): StatementIndex {
  const size = statements.length
  if (size <= few) return { size, find: oneByOne(statements) }
  const whole = new Map<string, CompiledStatement[]>()
  const begins = new Map<string, CompiledStatement[]>()
  for (const statement of statements) {
    const starts = resourceStarts(statement)
    for (const resource of starts.whole) pushTo(whole, resource, statement)
    for (const prefix of starts.prefixes) pushTo(begins, prefix, statement)
  }
  const exact = shelves(whole, [])
  const tree = prefixTree([...shelves(begins, [])])
  const along: Find = (facts, atLeast) => tree.first(facts.resource, asks[atLeast], facts)
  if (exact.size === 0) return { size, find: along }
  return { size, find: (facts, atLeast) => exact.get(facts.resource)?.(facts, atLeast) ?? along(facts, atLeast) }
}

// One closure per grade, so that a walk along a tree needs none of its own.
const ask =
  (atLeast: Grade) =>
  (find: Find, facts: Facts): CompiledStatement | undefined =>
    find(facts, atLeast)
const asks = [ask(0), ask(1), ask(2), ask(3)] as const

function oneByOne(statements: readonly CompiledStatement[]): Find {
  return (facts, atLeast) => {
    for (const statement of statements) if (applies(statement, facts, atLeast)) return statement
    return undefined
  }
}

function oneOf(finders: readonly Find[]): Find {
  const [only] = finders
  if (only !== undefined && finders.length === 1) return only
  return (facts, atLeast) => {
    for (const find of finders) {
      const found = find(facts, atLeast)
      if (found !== undefined) return found
    }
    return undefined
  }
}

function shelves(
  byKey: ReadonlyMap<string, readonly CompiledStatement[]>,
  taken: readonly string[],
): ReadonlyMap<string, Find> {
  return new Map([...byKey].map(([key, statements]) => [key, makeShelf(statements, taken)]))
}

/** Splits a list by what tells its statements apart best; `taken` are the paths that led here. */
function makeShelf(statements: readonly CompiledStatement[], taken: readonly string[]): Find {
  if (statements.length <= few) return oneByOne(statements)
  const { found, rest } = assignPaths(statements, taken)
  const finders = found.map(([path, byKey]) => finderFor(path, byKey, [...taken, path.name]))
  return oneOf(rest.length === 0 ? finders : [...finders, oneByOne(rest)])
}

function finderFor(
  { by }: AccessPath,
  byKey: ReadonlyMap<string, readonly CompiledStatement[]>,
  taken: readonly string[],
): Find {
  const shelf = shelves(byKey, taken)
  switch (by.kind) {
    case 'action-prefix': {
      const tree = prefixTree([...shelf])
      return (facts, atLeast) => tree.first(facts.foldedAction, asks[atLeast], facts)
    }
    case 'resource-suffix': {
      const tree = suffixTree([...shelf])
      return (facts, atLeast) => tree.first(facts.resource, asks[atLeast], facts)
    }
    case 'principal':
      return (facts, atLeast) => {
        for (const name of facts.caller.names) {
          const found = shelf.get(name)?.(facts, atLeast)
          if (found !== undefined) return found
        }
        return undefined
      }
    case 'fact':
      return findByFact(by.key, shelf, by.isList ? undefined : oneByOne([...new Set([...byKey.values()].flat())]))
  }
}

/** `all` is asked where several values stand and the conditions are for one: what then counts, they say themselves. */
function findByFact(key: string, shelf: ReadonlyMap<string, Find>, all: Find | undefined): Find {
  return (facts, atLeast) => {
    const value = fact(facts, key)
    if (value === undefined) return undefined
    if (typeof value !== 'object') return shelf.get(String(value))?.(facts, atLeast)
    if (all !== undefined && value.length !== 1) return all(facts, atLeast)
    for (const item of value) {
      const found = shelf.get(item)?.(facts, atLeast)
      if (found !== undefined) return found
    }
    return undefined
  }
}
