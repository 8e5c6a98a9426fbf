import { SallyportError } from '@sallyport/core/access'

import type { AppPolicies, NamedPolicy } from '../document.ts'
import type { PolicyFault, PolicyKind } from '../fault.ts'
import { compileSet, emptySets, type PolicySet } from './layers.ts'
import { validateDocument } from '../read/parse-policy.ts'

/** An app's policies, compiled: what `decide` asks. It is not changed afterwards; a new manifest makes a new one. */
export interface Authority {
  readonly guardrails: PolicySet
  /** By the subject's id. */
  readonly identity: ReadonlyMap<string, PolicySet>
  /** By the exact ARN of the resource. */
  readonly resource: ReadonlyMap<string, PolicySet>
}

/**
 * Compiles an app's policies. Throws `SallyportError` with code `policy.invalid` when a document is not valid: an
 * unknown operator that is skipped inside a Deny would open a door.
 */
export function compilePolicies(policies: AppPolicies): Authority {
  const faults: PolicyFault[] = []
  const valid = (kind: PolicyKind, { name, document }: NamedPolicy): NamedPolicy => {
    const read = validateDocument(document, kind, name)
    if (read.ok) return { name, document: read.document }
    faults.push(...read.faults)
    return { name, document: { Statement: [] } }
  }
  const authority: Authority = {
    guardrails: setOf(
      'guardrail',
      policies.guardrails.map((policy) => valid('guardrail', policy)),
    ),
    identity: new Map(
      [...policies.identity].map(([id, attached]) => [
        id,
        setOf(
          'identity',
          attached.map((policy) => valid('identity', policy)),
        ),
      ]),
    ),
    resource: new Map(
      [...policies.resource].map(([arn, policy]) => [arn, setOf('resource', [valid('resource', policy)])]),
    ),
  }
  const [first] = faults
  if (first === undefined) return authority
  const others = faults.length === 1 ? '' : ` (and ${faults.length - 1} more)`
  throw new SallyportError('policy.invalid', `policy ${first.policy}, ${first.path}: ${first.message}${others}`)
}

/** The sets that speak on one access, outermost first. */
export function setsFor(authority: Authority, subject: string, resource: string): readonly PolicySet[] {
  return [
    authority.guardrails,
    authority.resource.get(resource) ?? emptySets.resource,
    authority.identity.get(subject) ?? emptySets.identity,
  ]
}

function setOf(kind: PolicyKind, policies: readonly NamedPolicy[]): PolicySet {
  return policies.length === 0 ? emptySets[kind] : compileSet(kind, policies)
}
