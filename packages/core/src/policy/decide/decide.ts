import type { AccessRequest, Decision, Deny, Layer, Reason } from '@sallyport/core/access'

import { type Authority, setsFor } from './authority.ts'
import type { NamedPolicy } from '../document.ts'
import { explain, nearest, type NearMiss } from './explain.ts'
import { type Facts, readFacts } from '../match/facts.ts'
import type { PolicyReasonCode } from '../fault.ts'
import { judge } from './judge.ts'
import { allowingLayers, compileSet, type PolicySet } from './layers.ts'
import { printable } from './words.ts'

type Asked = readonly [AccessRequest, ...AccessRequest[]]

/**
 * Answers one crossing of a door. Pure and synchronous: no clock, no await. Never throws: what should not happen is a
 * Deny with code `policy.error`. All requests must be allowed; the first that is not, denies, and its reasons name it.
 */
export function decide(authority: Authority, asked: Asked): Decision {
  return decideEach(asked, (request) => ({
    sets: setsFor(authority, request.subject.id, request.resource),
    allowing: allowingLayers(request.resource),
  }))
}

/** One layer's policies, for a decision over documents that no manifest holds together. They must be valid. */
export interface LayerPolicies {
  readonly layer: Layer
  readonly policies: readonly NamedPolicy[]
  /** Whether this layer must allow, or only may deny. Several entries of one layer must each allow. */
  readonly mustAllow: boolean
}

/** Answers one request over any stack of layers, outermost first. For one decision; `compilePolicies` is for many. */
export function evaluateDocuments(layers: readonly LayerPolicies[], asked: Asked): Decision {
  return decideEach(asked, () => ({
    sets: layers.map(({ layer, policies }) => compileSet(layer, policies)),
    allowing: [...new Set(layers.filter(({ mustAllow }) => mustAllow).map(({ layer }) => layer))],
  }))
}

/**
 * What stands nearest to the opposite answer: for an implicit denial the statement that came nearest to allowing, for
 * an explicit one the statement that denied. Undefined when the request is allowed, refused beforehand, or malformed.
 */
export function nearestMiss(authority: Authority, request: AccessRequest): NearMiss | undefined {
  if (request.refusal !== undefined) return undefined
  const facts = readFacts(request)
  if ('malformed' in facts) return undefined
  return nearest(setsFor(authority, request.subject.id, request.resource), allowingLayers(request.resource), facts)
}

interface Stack {
  readonly sets: readonly PolicySet[]
  readonly allowing: readonly Layer[]
}

function decideEach(asked: Asked, stackFor: (request: AccessRequest) => Stack): Decision {
  try {
    const reasons: Reason[] = []
    for (const request of asked) {
      if (request.refusal !== undefined) return deny(asked, request, false, [request.refusal])
      const facts = readFacts(request)
      if ('malformed' in facts) return deny(asked, request, false, [malformed(facts.malformed)])
      const { sets, allowing } = stackFor(request)
      const verdict = judge(sets, allowing, facts)
      if (typeof verdict === 'string' || verdict.kind === 'set' || verdict.source.Effect === 'Deny') {
        return denyByPolicy(asked, request, facts, { sets, allowing })
      }
      reasons.push(verdict.allowed)
    }
    if (reasons.length === 0) return failed(asked, 'nothing was asked')
    return { effect: 'allow', id: asked[0].id, asked, reasons }
  } catch (error) {
    return failed(asked, error instanceof Error ? error.message : 'something other than an error was thrown')
  }
}

function denyByPolicy(asked: Asked, request: AccessRequest, facts: Facts, { sets, allowing }: Stack): Deny {
  const reasons = explain(sets, allowing, facts)
  return deny(asked, request, reasons[0].code === 'policy.explicit_deny', reasons)
}

function deny(asked: Asked, request: AccessRequest, explicit: boolean, reasons: readonly [Reason, ...Reason[]]): Deny {
  const [decider, ...others] = reasons
  // One of many: say which.
  const item = asked.length === 1 ? '' : `${printable(`${request.action} on ${request.resource}`)}: `
  const first = { ...decider, message: `${item}${decider.message}` }
  return { effect: 'deny', id: asked[0].id, asked, explicit, layer: decider.layer, reasons: [first, ...others] }
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
