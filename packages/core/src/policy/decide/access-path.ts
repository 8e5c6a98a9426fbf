import { namesDemanded } from '../match/principal.ts'
import type { Placed } from './rows.ts'
import { type CompiledStatement, listOf } from './statement.ts'

/** One way to find a statement: whoever has none of these keys, the statement does not apply to. */
export interface AccessPath {
  readonly name: string
  /** What a request is looked up by on this path. */
  readonly by:
    | { readonly kind: 'action-prefix' | 'resource-suffix' | 'principal' }
    /** `isList`: the condition asks whether one of several values is among its own. */
    | { readonly kind: 'fact'; readonly key: string; readonly isList: boolean }
  readonly keys: readonly string[]
}

/** A statement under more keys than these would cost more room than it saves time. */
const mostKeys = 64

/** What a statement's resources begin with, without compiling it. */
export interface ResourceStarts {
  /** The resources that are named in full. */
  readonly whole: readonly string[]
  /** What each other pattern begins with, and whether everything is meant that does. */
  readonly prefixes: ReadonlyMap<string, boolean>
}

/** Reads them from the statement's text; at a `$` too it stops, which may be a variable. */
export function resourceStarts({ source }: CompiledStatement): ResourceStarts {
  if (source.Resource === undefined) return { whole: [], prefixes: new Map([['', source.NotResource === undefined]]) }
  const whole: string[] = []
  const prefixes = new Map<string, boolean>()
  for (const pattern of listOf(source.Resource)) {
    const end = pattern.search(/[*?$]/)
    if (end === -1) whole.push(pattern)
    else {
      const prefix = pattern.slice(0, end)
      prefixes.set(prefix, prefixes.get(prefix) === true || pattern === `${prefix}*`)
    }
  }
  return { whole, prefixes }
}

/** Every path to a statement, apart from the text that its resources begin with. */
function pathsOf({ source, takesVariables }: CompiledStatement): readonly AccessPath[] {
  const paths: AccessPath[] = []
  const add = (name: string, by: AccessPath['by'], keys: readonly string[] | undefined): void => {
    // An empty text tells nothing apart.
    if (keys === undefined || keys.length > mostKeys || keys.includes('')) return
    paths.push({ name, by, keys: [...new Set(keys)] })
  }
  if (source.Action !== undefined) {
    const prefixes = listOf(source.Action).map((pattern) => pattern.replace(/[*?].*$/s, '').toLowerCase())
    add('action', { kind: 'action-prefix' }, prefixes)
  }
  add('principal', { kind: 'principal' }, namesDemanded(source))
  if (source.Resource !== undefined) {
    const suffixes = listOf(source.Resource).map((pattern) => pattern.replace(/^.*[*?}]/s, ''))
    add('suffix', { kind: 'resource-suffix' }, suffixes)
  }
  for (const operator of ['StringEquals', 'ForAnyValue:StringEquals']) {
    const isList = operator !== 'StringEquals'
    for (const [key, values] of Object.entries(source.Condition?.[operator] ?? {})) {
      const texts = (typeof values === 'object' ? values : [values]).map(String)
      if (takesVariables && texts.some((text) => text.includes('${'))) continue
      const folded = key.toLowerCase()
      add(`${isList ? 'any' : 'one'} ${folded}`, { kind: 'fact', key: folded, isList }, texts)
    }
  }
  return paths
}

/** Statements that are found by one path, by key, and those that no path tells apart. */
export interface Assignment {
  readonly found: readonly (readonly [AccessPath, ReadonlyMap<string, readonly Placed[]>])[]
  readonly rest: readonly Placed[]
}

/** Gives each statement the path on which it has fewest companions; none that more than half of them share. */
export function assignPaths(placed: readonly Placed[], taken: readonly string[]): Assignment {
  const open = placed.map(({ statement }) => pathsOf(statement).filter(({ name }) => !taken.includes(name)))
  const companions = new Map<string, number>()
  const place = (path: AccessPath, key: string): string => `${path.name}\n${key}`
  for (const path of open.flat()) {
    for (const key of path.keys) companions.set(place(path, key), (companions.get(place(path, key)) ?? 0) + 1)
  }
  const groups = new Map<string, { readonly path: AccessPath; readonly byKey: Map<string, Placed[]> }>()
  const rest: Placed[] = []
  for (const [index, one] of placed.entries()) {
    let best: AccessPath | undefined
    let fewest = placed.length / 2
    for (const path of open[index] ?? []) {
      let most = 0
      for (const key of path.keys) most = Math.max(most, companions.get(place(path, key)) ?? 0)
      if (most <= fewest) [best, fewest] = [path, most - 0.5]
    }
    if (best === undefined) {
      rest.push(one)
      continue
    }
    const group = groups.get(best.name) ?? { path: best, byKey: new Map<string, Placed[]>() }
    groups.set(best.name, group)
    for (const key of best.keys) pushTo(group.byKey, key, one)
  }
  return { found: [...groups.values()].map(({ path, byKey }) => [path, byKey] as const), rest }
}

/** Adds to the list under a key. */
export function pushTo<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
