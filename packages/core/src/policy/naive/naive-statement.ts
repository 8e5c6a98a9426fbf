import type { PolicyDocument, Statement } from '../document.ts'
import { conditionHolds, type Lookup, wildcardMatches, withVariables } from './naive-condition.ts'
import { meantBy, type Meant } from './naive-principal.ts'

/** What a statement is held against. */
export interface NaiveRequest {
  readonly caller: string
  readonly hasBoundary: boolean
  readonly action: string
  readonly resource: string
  readonly lookup: Lookup
}

/** How a statement means this request's caller, if it speaks of the request at all. */
export function speaksOf(document: PolicyDocument, statement: Statement, request: NaiveRequest): Meant | undefined {
  const speaks =
    matchesAction(statement, request.action) &&
    matchesResource(document, statement, request.resource, request.lookup) &&
    matchesConditions(document, statement, request.lookup)
  return speaks ? meantBy(statement, request.caller, request.hasBoundary) : undefined
}

/** IAM takes one value for a list of one. */
function list<T>(value: T | readonly T[] | undefined): readonly T[] {
  // Array.isArray does not narrow readonly arrays.
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T]
}

function matchesAction(statement: Statement, action: string): boolean {
  const match = (pattern: string): boolean =>
    wildcardMatches(Array.from(pattern.toLowerCase(), wild), action.toLowerCase())
  if (statement.NotAction !== undefined) return !list(statement.NotAction).some(match)
  return list(statement.Action).some(match)
}

function matchesResource(document: PolicyDocument, statement: Statement, resource: string, lookup: Lookup): boolean {
  if (statement.Resource === undefined && statement.NotResource === undefined) return true
  const patterns = list(statement.Resource ?? statement.NotResource).map((pattern) =>
    withVariables(pattern, document.Version, lookup),
  )
  const matched = patterns.some((pattern) => pattern !== undefined && wildcardMatches(segmented(pattern), resource))
  if (statement.Resource !== undefined) return matched
  // Our own rule: a complement of what is not known applies where that refuses.
  if (patterns.includes(undefined)) return statement.Effect === 'Deny'
  return !matched
}

/** In the first five parts of an ARN a star spans colons only as the last character of its part. */
function segmented(pattern: readonly Wild[]): readonly Wild[] {
  let colons = 0
  return pattern
    .filter((char, index) => !(isStar(char) && isStar(pattern[index - 1])))
    .map((char, index, all) => {
      if (char === ':') colons += 1
      const next = all[index + 1]
      return isStar(char) && colons < 5 && next !== undefined && next !== ':' ? { wildcard: 'star-in-segment' } : char
    })
}

type Wild = Parameters<typeof wildcardMatches>[0][number]

function isStar(char: Wild | undefined): boolean {
  return typeof char === 'object' && char.wildcard === 'star'
}

function wild(char: string): Wild {
  return char === '*' ? { wildcard: 'star' } : char === '?' ? { wildcard: 'any' } : char
}

function matchesConditions(document: PolicyDocument, statement: Statement, lookup: Lookup): boolean {
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      const answer = conditionHolds(operator, key, list(values), document.Version, lookup)
      return answer === 'unclear' ? statement.Effect === 'Deny' : answer
    }),
  )
}
