import type { Facts } from '../match/facts.ts'
import { applies, type CompiledStatement } from './statement.ts'

/** Statements of one effect, found by action and then by resource, so that the many that do not apply cost nothing. */
export interface StatementIndex {
  readonly size: number
  /** The first statement found that applies; document order within literal resources, then within the others. */
  readonly find: (facts: Facts) => CompiledStatement | undefined
  /** Every statement whose action matches, in document order. */
  readonly withAction: (action: string) => readonly CompiledStatement[]
}

interface Bucket {
  readonly all: readonly CompiledStatement[]
  readonly byResource: ReadonlyMap<string, readonly CompiledStatement[]>
  readonly rest: readonly CompiledStatement[]
}

const noBucket: Bucket = { all: [], byResource: new Map(), rest: [] }

/** Bounds what remembered actions may hold; adversary: a caller who can make up action names. */
const rememberedStatements = 65_536

/** Indexes statements once; asking allocates only when an action is seen for the first time. */
export function indexStatements(statements: readonly CompiledStatement[]): StatementIndex {
  const order = new Map(statements.map((statement, index) => [statement, index]))
  const literal = new Map<string, CompiledStatement[]>()
  const patterns: CompiledStatement[] = []
  for (const statement of statements) {
    if (statement.literalActions === undefined) patterns.push(statement)
    else for (const action of new Set(statement.literalActions)) push(literal, action, statement)
  }
  const remembered = new Map<string, Bucket>()
  let held = 0

  const bucketOf = (action: string): Bucket => {
    const known = remembered.get(action)
    if (known !== undefined) return known
    const lower = action.toLowerCase()
    const all = [...(literal.get(lower) ?? []), ...patterns.filter((statement) => statement.matchesAction(lower))]
    all.sort((left, right) => (order.get(left) ?? 0) - (order.get(right) ?? 0))
    const bucket = all.length === 0 ? noBucket : bucketFor(all)
    held += all.length + 1
    if (held > Math.max(rememberedStatements, statements.length * 4)) {
      remembered.clear()
      held = all.length + 1
    }
    remembered.set(action, bucket)
    return bucket
  }

  const find = (facts: Facts): CompiledStatement | undefined => {
    const { byResource, rest } = bucketOf(facts.action)
    const exact = byResource.get(facts.resource)
    if (exact !== undefined) for (const statement of exact) if (applies(statement, facts)) return statement
    for (const statement of rest) if (applies(statement, facts)) return statement
    return undefined
  }

  return {
    size: statements.length,
    find: statements.length === 0 ? () => undefined : find,
    withAction: (action) => bucketOf(action).all,
  }
}

function bucketFor(all: readonly CompiledStatement[]): Bucket {
  const byResource = new Map<string, CompiledStatement[]>()
  const rest: CompiledStatement[] = []
  for (const statement of all) {
    if (statement.literalResources === undefined) rest.push(statement)
    else for (const resource of new Set(statement.literalResources)) push(byResource, resource, statement)
  }
  return { all, byResource, rest }
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
