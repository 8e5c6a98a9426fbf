import type { ContextValue, Layer, Reason } from '@sallyport/core/access'

import type { Condition } from '../match/condition.ts'
import { type Facts, fact } from '../match/facts.ts'
import type { PolicyReasonCode } from '../fault.ts'
import { identityOf, judge, sessionOf, silentPlaces } from './judge.ts'
import type { LayerSet, PolicySet } from './policy-set.ts'
import { isUnderServiceControl, sideOf } from './sides.ts'
import { type CompiledStatement, gradeOf, listOf, testsOf } from './statement.ts'
import { conditionHeld, conditionMissed, listed, printable } from './words.ts'

/** What would have to be otherwise for the answer to be otherwise. */
export interface NearMiss {
  readonly layer: Layer
  /** True when a Deny statement matched: then the elements named here held, and `rule` is that statement. */
  readonly explicit: boolean
  /** The policy's name; absent when the layer holds no statement that came near. */
  readonly policy?: string
  /** The statement's Sid, if it has one. */
  readonly rule?: string
  /** The first element that failed; `statement` when no statement came near. */
  readonly failedElement: 'action' | 'resource' | 'principal' | 'condition' | 'statement'
  /** The context key, as the policy writes it. With it come `operator`, `wanted` and, unless it was absent, `got`. */
  readonly key?: string
  readonly operator?: string
  readonly wanted?: readonly string[]
  readonly got?: ContextValue
  /** The same in words. */
  readonly message: string
}

/** How many Deny statements an explanation lists. */
const mostReasons = 8

/** The reasons of a denial, the decider first: every Deny that matched, or every layer that did not allow. */
export function explain(set: PolicySet, facts: Facts): readonly [Reason, ...Reason[]] {
  const [first, ...others] = nearMisses(set, facts).map((miss): Reason => ({
    code: (miss.explicit ? 'policy.explicit_deny' : 'policy.implicit_deny') satisfies PolicyReasonCode,
    layer: miss.layer,
    message: miss.message,
    ...(miss.rule === undefined ? {} : { rule: miss.rule }),
  }))
  if (first === undefined) throw new TypeError('a denial has no reason')
  return [first, ...others]
}

/** The first of the near misses, which is the decider's; undefined when there is none because it is allowed. */
export function nearest(set: PolicySet, facts: Facts): NearMiss | undefined {
  return nearMisses(set, facts)[0]
}

/** Every Allow that applies, in every layer that has to say it or may. */
export function allowingStatements(set: PolicySet, facts: Facts): readonly CompiledStatement[] {
  return asked(set, facts).flatMap(({ statements }) =>
    statements.filter((statement) => !statement.denies && gradeOf(statement, facts) > 0),
  )
}

function nearMisses(set: PolicySet, facts: Facts): readonly NearMiss[] {
  const verdict = judge(set, facts)
  if (verdict.kind === 'layer') {
    const others = asked(set, facts).filter((layer) => layer !== verdict)
    return [
      nearestIn(verdict, facts) ?? absent(verdict.layer, facts, verdict),
      ...others.flatMap((layer) => nearestIn(layer, facts) ?? []),
    ]
  }
  if (verdict.source.Effect === 'Allow') return []
  const silent = silentPlaces(set, facts.caller)
  return set.layers
    .flatMap(({ statements }, place) => (silent.includes(place) ? [] : statements))
    .filter((statement) => statement.source.Effect === 'Deny' && gradeOf(statement, facts) > 0)
    .slice(0, mostReasons)
    .map((statement) => denialOf(statement, facts))
}

/** Every layer that has to say Allow. */
function asked(set: PolicySet, facts: Facts): readonly LayerSet[] {
  const layers: LayerSet[] = isUnderServiceControl(facts.caller) ? [...set.serviceControl] : []
  if (set.endpoint !== undefined) layers.push(set.endpoint)
  const side = sideOf(facts)
  const hasOwner = side === 'owner' || side === 'both' || side === 'owner-admits'
  if (hasOwner || (side === 'either' && set.resource.statements.length > 0)) layers.push(set.resource)
  if (side !== 'owner') {
    const limits = [identityOf(set, facts.caller), set.boundary, sessionOf(set, facts.caller)]
    layers.push(...limits.filter((layer) => layer !== undefined))
  }
  return layers
}

function denialOf(statement: CompiledStatement, facts: Facts): NearMiss {
  const [condition] = testsOf(statement).conditions
  const base = { layer: statement.layer, explicit: true, policy: statement.policy, ...ruleOf(statement) }
  const because = condition === undefined ? '' : ` because ${conditionHeld(condition, fact(facts, condition.name))}`
  const message = `${named(statement)} denies ${facts.action}${because}`
  if (condition !== undefined) return { ...base, failedElement: 'condition', ...conditionOf(condition, facts), message }
  return { ...base, failedElement: statement.source.Principal === undefined ? 'resource' : 'principal', message }
}

/**
 * The Allow that lacks least: one that fails on a condition before one that names somebody else, and so on. Undefined
 * where one lacks nothing.
 */
function nearestIn(set: LayerSet, facts: Facts): NearMiss | undefined {
  let best: NearMiss | undefined
  let bestScore = 0
  for (const statement of set.statements) {
    if (statement.source.Effect === 'Deny') continue
    const { matchesAction, matchesResource, grade, conditions } = testsOf(statement)
    const onAction = matchesAction(facts.foldedAction)
    const onResource = matchesResource(facts)
    const onPrincipal = grade(facts) > 0
    // Another action on another resource is not near, whoever may do it.
    if (!onAction && !onResource) continue
    const elements = (onAction ? 4 : 0) + (onResource ? 5 : 0) + (onPrincipal ? 3 : 0)
    // Conditions are the dear part, and count only where everything else already fits as well as in the best so far.
    if (elements + 1 <= bestScore) continue
    const failed = elements === 12 ? conditions.filter((condition) => !condition.holds(facts)) : []
    if (elements === 12 && failed.length === 0) return undefined
    const score = elements + (elements < 12 ? 0 : 1 - failed.length / Math.max(1, conditions.length))
    if (score <= bestScore) continue
    bestScore = score
    best = missOf(statement, { onAction, onResource, onPrincipal, failed }, facts)
  }
  return best ?? absent(set.layer, facts, set)
}

interface Failures {
  readonly onAction: boolean
  readonly onResource: boolean
  readonly onPrincipal: boolean
  readonly failed: readonly Condition[]
}

function missOf(statement: CompiledStatement, failures: Failures, facts: Facts): NearMiss {
  const base = { layer: statement.layer, explicit: false, policy: statement.policy, ...ruleOf(statement) }
  const { source } = statement
  const near = `; ${named(statement)} comes nearest`
  if (!failures.onAction) {
    const wanted = listOf(source.Action ?? source.NotAction)
    const message = `no statement allows ${facts.action} on ${printable(facts.resource)}${near}, for ${listed(wanted)}`
    return { ...base, failedElement: 'action', wanted, message }
  }
  if (!failures.onResource) {
    const wanted = listOf(source.Resource ?? source.NotResource)
    const message = `no statement allows ${facts.action} on ${printable(facts.resource)}${near}, on ${listed(wanted)}`
    return { ...base, failedElement: 'resource', wanted, message }
  }
  if (!failures.onPrincipal) {
    return {
      ...base,
      failedElement: 'principal',
      message: `${named(statement)} does not name ${printable(facts.caller.id)}`,
    }
  }
  const [condition] = failures.failed
  if (condition === undefined) return absent(statement.layer, facts, undefined)
  const words = failures.failed.map((missed) => conditionMissed(missed, fact(facts, missed.name)))
  return {
    ...base,
    failedElement: 'condition',
    ...conditionOf(condition, facts),
    message: `${words.join('; ')}, which ${named(statement)} demands`,
  }
}

function absent(layer: Layer, facts: Facts, set: LayerSet | undefined): NearMiss {
  const holder = printable(layer === 'resource' ? facts.resource : facts.caller.id)
  const message =
    set === undefined || set.statements.length === 0
      ? `no ${layer} policy is attached to ${holder}, so nothing allows ${facts.action}`
      : `no statement in the ${layer} policies of ${holder} allows ${facts.action} on ${printable(facts.resource)}`
  return { layer, explicit: false, failedElement: 'statement', message }
}

function conditionOf(condition: Condition, facts: Facts): Pick<NearMiss, 'key' | 'operator' | 'wanted' | 'got'> {
  const got = fact(facts, condition.name)
  const wanted = condition.wanted.map(String)
  return { key: condition.key, operator: condition.operator, wanted, ...(got === undefined ? {} : { got }) }
}

function ruleOf(statement: CompiledStatement): Pick<NearMiss, 'rule'> {
  return statement.sid === undefined ? {} : { rule: statement.sid }
}

function named(statement: CompiledStatement): string {
  return statement.sid === undefined ? `a statement of policy ${statement.policy}` : `statement ${statement.sid}`
}
