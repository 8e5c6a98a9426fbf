import { fact } from '../match/facts.ts'
import { type AccessPath, assignPaths, pushTo, resourceStarts } from './access-path.ts'
import { type Hear, type Hearing, hearOneByOne, type Placed } from './hearing.ts'
import { prefixTree, suffixTree } from './text-tree.ts'

/** So few are tried one after the other. */
const few = 4

/**
 * Statements stored so that the many that do not apply cost nothing: by the text that their resources begin with, and
 * where many share it, by the most telling of action, principal, a condition's value or the text that their resources
 * end with. Those of several layers stand together, so that one walk asks all of them. Asking allocates nothing.
 */
export function indexStatements(placed: readonly Placed[]): Hear {
  if (placed.length <= few) return hearOneByOne(placed)
  const whole = new Map<string, Placed[]>()
  const begins = new Map<string, Placed[]>()
  for (const one of placed) {
    const starts = resourceStarts(one.statement)
    for (const resource of starts.whole) pushTo(whole, resource, { ...one, onResource: true })
    for (const [prefix, onResource] of starts.prefixes) pushTo(begins, prefix, { ...one, onResource })
  }
  const exact = shelves(whole, [])
  const tree = prefixTree([...shelves(begins, [])])
  if (exact.size === 0) return (hearing) => tree.some(hearing.facts.resource, ask, hearing)
  return (hearing) =>
    exact.get(hearing.facts.resource)?.(hearing) === true || tree.some(hearing.facts.resource, ask, hearing)
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

function shelves(byKey: ReadonlyMap<string, readonly Placed[]>, taken: readonly string[]): ReadonlyMap<string, Hear> {
  return new Map([...byKey].map(([key, placed]) => [key, makeShelf(placed, taken)]))
}

/** Splits a list by what tells its statements apart best; `taken` are the paths that led here. */
function makeShelf(placed: readonly Placed[], taken: readonly string[]): Hear {
  if (placed.length <= few) return hearOneByOne(placed)
  const { found, rest } = assignPaths(placed, taken)
  const all = found.map(([path, byKey]) => hearAlong(path, byKey, [...taken, path.name]))
  return oneAfterAnother(rest.length === 0 ? all : [...all, hearOneByOne(rest)])
}

function hearAlong({ by }: AccessPath, byKey: ReadonlyMap<string, readonly Placed[]>, taken: readonly string[]): Hear {
  const shelf = shelves(byKey, taken)
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
      return hearByFact(by.key, shelf, by.isList ? undefined : hearOneByOne([...new Set([...byKey.values()].flat())]))
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
