import type { AppPolicies } from '../document.ts'
import { assemble, compileLayer, emptyLayers, type LayerSet, type PolicySet, validating } from './policy-set.ts'

/** An app's policies, compiled: what `decide` asks. It is not changed afterwards; a new manifest makes a new one. */
export interface Authority {
  readonly kind: 'authority'
  readonly guardrails: LayerSet
  /** By the subject's id. */
  readonly identity: ReadonlyMap<string, LayerSet>
  /** By the exact ARN of the resource. */
  readonly resource: ReadonlyMap<string, LayerSet>
}

/** Compiles an app's policies; throws as `compile` does. */
export function compilePolicies(policies: AppPolicies): Authority {
  const reader = validating()
  const authority: Authority = {
    kind: 'authority',
    guardrails: compileLayer('guardrail', reader.valid('guardrail', policies.guardrails)),
    identity: new Map(
      [...policies.identity].map(([id, attached]) => [
        id,
        compileLayer('identity', reader.valid('identity', attached)),
      ]),
    ),
    resource: new Map(
      [...policies.resource].map(([arn, policy]) => [
        arn,
        compileLayer('resource', reader.valid('resource', [policy])),
      ]),
    ),
  }
  reader.finish()
  return authority
}

/** What speaks on one access. */
export function policySetFor(authority: Authority, subject: string, resource: string): PolicySet {
  return assemble({
    guardrails: authority.guardrails,
    resource: authority.resource.get(resource) ?? emptyLayers.resource,
    identity: authority.identity.get(subject) ?? emptyLayers.identity,
  })
}
