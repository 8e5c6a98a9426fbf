import type { AccessRequest, Decision, Deny, Reason } from '@sallyport/core/access'

import type { PolicyReasonCode } from '../fault.ts'
import { type Facts, readFacts } from '../match/facts.ts'
import { absentKeys } from './absent-keys.ts'
import { type Authority, policySetFor } from './authority.ts'
import { allowingStatements, explain, nearest, type NearMiss } from './explain.ts'
import { judge } from './judge.ts'
import type { PolicySet } from './policy-set.ts'
import { allowedBy } from './statement.ts'
import { printable } from './words.ts'

type Asked = readonly [AccessRequest, ...AccessRequest[]]

/**
 * Answers one crossing of a door. Pure and synchronous: no clock, no await. Never throws: what should not happen is a
 * Deny with code `policy.error`. All requests must be allowed; the first that is not, denies, and its reasons name it.
 * The reasons of a denial are worked out when they are first read.
 */
export function decide(policies: Authority | PolicySet, asked: Asked): Decision {
  try {
    const reasons: Reason[] = []
    for (const request of asked) {
      if (request.refusal !== undefined) return deny(asked, request, [request.refusal])
      const set = setOf(policies, request)
      const facts = readFacts(request, set.boundary !== undefined)
      if ('malformed' in facts) return deny(asked, request, [malformed(facts.malformed)])
      const verdict = judge(set, facts)
      if (verdict.kind === 'layer' || verdict.denies) {
        return new DenyByPolicy(asked, request, {
          set,
          facts,
          layer: verdict.layer,
          explicit: verdict.kind !== 'layer',
        })
      }
      reasons.push(allowedBy(verdict))
    }
    if (reasons.length === 0) return failed(asked, 'nothing was asked')
    return { effect: 'allow', id: asked[0].id, asked, reasons }
  } catch (error) {
    return failed(asked, error instanceof Error ? error.message : 'something other than an error was thrown')
  }
}

/**
 * What stands nearest to the opposite answer: for an implicit denial the statement that came nearest to allowing, for
 * an explicit one the statement that denied. Undefined when the request is allowed, refused beforehand, or malformed.
 */
export function nearestMiss(policies: Authority | PolicySet, request: AccessRequest): NearMiss | undefined {
  if (request.refusal !== undefined) return undefined
  const set = setOf(policies, request)
  const facts = readFacts(request, set.boundary !== undefined)
  return 'malformed' in facts ? undefined : nearest(set, facts)
}

/** Every statement that allows a request, as reasons, in every layer that has to or may; the outermost first. */
export function allowing(policies: Authority | PolicySet, request: AccessRequest): readonly Reason[] {
  const set = setOf(policies, request)
  const facts = readFacts(request, set.boundary !== undefined)
  return 'malformed' in facts ? [] : allowingStatements(set, facts).map(allowedBy)
}

/** The context keys that policies ask for on this access and that the request does not have. */
export function missingKeys(policies: Authority | PolicySet, request: AccessRequest): readonly string[] {
  const set = setOf(policies, request)
  const facts = readFacts(request, set.boundary !== undefined)
  return 'malformed' in facts ? [] : absentKeys(set, facts)
}

function setOf(policies: Authority | PolicySet, request: AccessRequest): PolicySet {
  return policies.kind === 'set' ? policies : policySetFor(policies, request.subject.id, request.resource)
}

interface Denial {
  readonly set: PolicySet
  readonly facts: Facts
  readonly layer: Deny['layer']
  readonly explicit: boolean
}

/**
 * A denial whose reasons are worked out when they are first read, since that asks every statement. An accessor of the
 * class and not of each object, which would cost more than the decision.
 */
class DenyByPolicy implements Deny {
  readonly effect = 'deny'
  readonly id: string
  readonly asked: Asked
  readonly explicit: boolean
  readonly layer: Deny['layer']
  readonly #explain: () => Deny['reasons']
  #reasons: Deny['reasons'] | undefined

  constructor(asked: Asked, request: AccessRequest, { set, facts, layer, explicit }: Denial) {
    this.id = asked[0].id
    this.asked = asked
    this.explicit = explicit
    this.layer = layer
    this.#explain = () => sayWhich(asked, request, explain(set, facts))
  }

  get reasons(): Deny['reasons'] {
    this.#reasons ??= this.#explain()
    return this.#reasons
  }

  toJSON(): Deny {
    const { effect, id, asked, explicit, layer, reasons } = this
    return { effect, id, asked, explicit, layer, reasons }
  }
}

function deny(asked: Asked, request: AccessRequest, reasons: Deny['reasons']): Deny {
  const [{ layer }] = reasons
  return {
    effect: 'deny',
    id: asked[0].id,
    asked,
    explicit: false,
    layer,
    reasons: sayWhich(asked, request, reasons),
  }
}

/** One of many: the first reason says which. */
function sayWhich(asked: Asked, request: AccessRequest, [decider, ...others]: Deny['reasons']): Deny['reasons'] {
  if (asked.length === 1) return [decider, ...others]
  const item = printable(`${request.action} on ${request.resource}`)
  return [{ ...decider, message: `${item}: ${decider.message}` }, ...others]
}

function malformed(message: string): Reason {
  return { code: 'policy.malformed_request' satisfies PolicyReasonCode, layer: 'guardrail', message }
}

/** The engine itself failed, and so nothing may pass. */
function failed(asked: Asked, message: string): Deny {
  const code: PolicyReasonCode = 'policy.error'
  const reason: Reason = { code, layer: 'guardrail', message: `the policy engine failed: ${message}` }
  // Types say that there is a first; whoever broke the engine may have broken that too.
  const id = Array.isArray(asked) && typeof asked[0]?.id === 'string' ? asked[0].id : ''
  return { effect: 'deny', id, asked, explicit: false, layer: 'guardrail', reasons: [reason] }
}
