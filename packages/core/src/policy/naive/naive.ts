import type { AccessRequest, Decision, Layer, Reason } from '@sallyport/core/access'

import type { AppPolicies, NamedPolicy, PolicyDocument, Principal, Statement } from '../document.ts'
import { readFacts } from '../match/facts.ts'
import { conditionHolds, wildcardMatches, withVariables, type Lookup } from './naive-condition.ts'

/**
 * The engine a second time, for reading beside the specification: no index, no compilation, one rule after the other.
 * It shares with the other evaluator only what turns a text into a number, a date, an address or a fact; a property
 * test demands that both always say the same. Slow: for tests and for checking an answer, not for a door.
 */
export function decideNaively(policies: AppPolicies, asked: readonly [AccessRequest, ...AccessRequest[]]): Decision {
  try {
    const reasons: Reason[] = []
    for (const request of asked) {
      const outcome = decideOne(policies, request)
      if (!outcome.allowed) {
        const { explicit, reason } = outcome
        return { effect: 'deny', id: asked[0].id, asked, explicit, layer: reason.layer, reasons: [reason] }
      }
      reasons.push(outcome.reason)
    }
    return { effect: 'allow', id: asked[0].id, asked, reasons }
  } catch (error) {
    const message = error instanceof Error ? error.message : 'unknown'
    const reason: Reason = { code: 'policy.error', layer: 'guardrail', message }
    return { effect: 'deny', id: asked[0].id, asked, explicit: false, layer: 'guardrail', reasons: [reason] }
  }
}

type Outcome =
  | { readonly allowed: true; readonly reason: Reason }
  | { readonly allowed: false; readonly explicit: boolean; readonly reason: Reason }

function decideOne(policies: AppPolicies, request: AccessRequest): Outcome {
  if (request.refusal !== undefined) return { allowed: false, explicit: false, reason: request.refusal }
  const facts = readFacts(request)
  if ('malformed' in facts) {
    const reason: Reason = { code: 'policy.malformed_request', layer: 'guardrail', message: facts.malformed }
    return { allowed: false, explicit: false, reason }
  }
  const lookup: Lookup = (name) => facts.values[facts.names.indexOf(name.toLowerCase())]
  const resourcePolicy = policies.resource.get(request.resource)
  const layers: readonly (readonly [Layer, readonly NamedPolicy[]])[] = [
    ['guardrail', policies.guardrails],
    ['resource', resourcePolicy === undefined ? [] : [resourcePolicy]],
    ['identity', policies.identity.get(request.subject.id) ?? []],
  ]
  const matching = (layer: Layer, effect: Statement['Effect']): Statement | undefined =>
    layers
      .filter(([name]) => name === layer)
      .flatMap(([, named]) => named)
      .flatMap(({ document }) =>
        document.Statement.filter((statement) => matches(document, statement, request, lookup)),
      )
      .find((statement) => statement.Effect === effect)

  // 1. An explicit deny anywhere wins.
  for (const [layer] of layers) {
    const statement = matching(layer, 'Deny')
    if (statement !== undefined) {
      return { allowed: false, explicit: true, reason: reasonOf('policy.explicit_deny', layer, statement) }
    }
  }
  // 2. Every side that has a say must allow.
  let reason: Reason | undefined
  for (const layer of sidesOf(request.resource)) {
    const statement = matching(layer, 'Allow')
    if (statement === undefined) {
      return { allowed: false, explicit: false, reason: reasonOf('policy.implicit_deny', layer) }
    }
    reason = reasonOf('policy.allow', layer, statement)
  }
  return reason === undefined
    ? { allowed: false, explicit: false, reason: reasonOf('policy.implicit_deny', 'guardrail') }
    : { allowed: true, reason }
}

function reasonOf(code: string, layer: Layer, statement?: Statement): Reason {
  const rule = statement?.Sid
  return { code, layer, message: `${code} in ${layer}`, ...(rule === undefined ? {} : { rule }) }
}

/**
 * Who must allow: the owner of a route or of an administrative act; both sides of a call; otherwise the one who
 * asks.
 */
function sidesOf(resource: string): readonly Layer[] {
  const [scheme, partition, service] = resource.split(':')
  const ours = scheme === 'arn' && partition === 'sallyport' && resource.split(':').length > 3
  if (ours && (service === 'route' || service === 'admin')) return ['resource']
  if (ours && service === 'function') return ['resource', 'identity']
  return ['identity']
}

function matches(document: PolicyDocument, statement: Statement, request: AccessRequest, lookup: Lookup): boolean {
  return (
    matchesAction(statement, request.action) &&
    matchesResource(document, statement, request.resource, lookup) &&
    matchesPrincipal(statement, request.subject.id) &&
    matchesConditions(document, statement, lookup)
  )
}

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

function matchesPrincipal(statement: Statement, subject: string): boolean {
  if (statement.Principal !== undefined) return namesSubject(statement.Principal, subject)
  if (statement.NotPrincipal !== undefined) return !namesSubject(statement.NotPrincipal, subject)
  return true
}

function namesSubject(principal: Principal, subject: string): boolean {
  if (typeof principal === 'string') return true
  return Object.entries(principal).some(([type, names]) =>
    list(names).some((name) => {
      if (name === '*' || name === subject) return true
      const account = /^(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?$/.exec(name)?.[1]
      const isAccount = account !== undefined && name.startsWith('arn:') === name.endsWith(':root')
      return type === 'AWS' && isAccount && subject.startsWith('arn:') && subject.split(':')[4] === account
    }),
  )
}

function matchesConditions(document: PolicyDocument, statement: Statement, lookup: Lookup): boolean {
  return Object.entries(statement.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      const answer = conditionHolds(operator, key, list(values), document.Version, lookup)
      return answer === 'unclear' ? statement.Effect === 'Deny' : answer
    }),
  )
}
