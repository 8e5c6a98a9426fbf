import type { CompiledStatement } from './statement.ts'

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

/** Every path to a statement, apart from the text that its resources begin with. */
export function pathsOf(statement: CompiledStatement): readonly AccessPath[] {
  const { actionPrefixes, resourceSuffixes, matchesPrincipal, conditions } = statement
  const paths: AccessPath[] = []
  const add = (name: string, by: AccessPath['by'], keys: readonly string[] | undefined): void => {
    if (keys === undefined || keys.length > mostKeys || keys.includes('')) return
    paths.push({ name, by, keys: [...new Set(keys)] })
  }
  add('action', { kind: 'action-prefix' }, actionPrefixes)
  add('principal', { kind: 'principal' }, matchesPrincipal.names)
  add('suffix', { kind: 'resource-suffix' }, resourceSuffixes)
  for (const { name: key, use, demanded } of conditions) {
    const isList = use.quantifier === 'any'
    // An empty text is a null data set to some operators; it is not worth a path.
    add(`${isList ? 'any' : 'one'} ${key}`, { kind: 'fact', key, isList }, demanded)
  }
  return paths
}

/** Statements that are found by one path, by key, and those that no path tells apart. */
export interface Assignment {
  readonly found: readonly (readonly [AccessPath, ReadonlyMap<string, readonly CompiledStatement[]>])[]
  readonly rest: readonly CompiledStatement[]
}

/** Gives each statement the path on which it has fewest companions; none that more than half of them share. */
export function assignPaths(statements: readonly CompiledStatement[], taken: readonly string[]): Assignment {
  const open = statements.map((statement) => pathsOf(statement).filter(({ name }) => !taken.includes(name)))
  const companions = new Map<string, number>()
  const place = (path: AccessPath, key: string): string => `${path.name}\n${key}`
  for (const path of open.flat()) {
    for (const key of path.keys) companions.set(place(path, key), (companions.get(place(path, key)) ?? 0) + 1)
  }
  const groups = new Map<string, { readonly path: AccessPath; readonly byKey: Map<string, CompiledStatement[]> }>()
  const rest: CompiledStatement[] = []
  for (const [index, statement] of statements.entries()) {
    let best: AccessPath | undefined
    let fewest = statements.length / 2
    for (const path of open[index] ?? []) {
      let most = 0
      for (const key of path.keys) most = Math.max(most, companions.get(place(path, key)) ?? 0)
      if (most <= fewest) [best, fewest] = [path, most - 0.5]
    }
    if (best === undefined) {
      rest.push(statement)
      continue
    }
    const group = groups.get(best.name) ?? { path: best, byKey: new Map<string, CompiledStatement[]>() }
    groups.set(best.name, group)
    for (const key of best.keys) pushTo(group.byKey, key, statement)
  }
  return { found: [...groups.values()].map(({ path, byKey }) => [path, byKey] as const), rest }
}

/** Adds to the list under a key. */
export function pushTo<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
