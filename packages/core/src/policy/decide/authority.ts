import type { AppPolicies } from '../document.ts'
import { assemble, compileLayer, emptyLayers, joined, type LayerSet, type PolicySet, validating } from './policy-set.ts'
import { makeRows, type Rows } from './rows.ts'

/** An app's policies, compiled: what `decide` asks. It is not changed afterwards; a new manifest makes a new one. */
export interface Authority {
  readonly kind: 'authority'
  readonly guardrails: LayerSet
  /** By the subject's id. */
  readonly identity: ReadonlyMap<string, LayerSet>
  /** By the exact ARN of the resource. */
  readonly resource: ReadonlyMap<string, LayerSet>
  /** Of all layers: statements that say the same share its test. */
  readonly rows: Rows
  readonly remembered: Remembered
}

/** What was put together for accesses before: by the identity's policies and the resource's. */
interface Remembered {
  readonly sets: Map<LayerSet, Map<LayerSet, PolicySet>>
  statements: number
}

/** Compiles an app's policies; throws as `compile` does. */
export function compilePolicies(policies: AppPolicies): Authority {
  const reader = validating()
  const rows = makeRows()
  const authority: Authority = {
    kind: 'authority',
    rows,
    remembered: { sets: new Map(), statements: 0 },
    guardrails: compileLayer('guardrail', reader.valid('guardrail', policies.guardrails), rows),
    identity: new Map(
      [...policies.identity].map(([id, attached]) => [
        id,
        compileLayer('identity', reader.valid('identity', attached), rows),
      ]),
    ),
    resource: new Map(
      [...policies.resource].map(([arn, policy]) => [
        arn,
        compileLayer('resource', reader.valid('resource', [policy]), rows),
      ]),
    ),
  }
  reader.finish()
  return authority
}

/** Sets of more statements have no index of their own for all layers: they are asked layer by layer. */
const mostJoined = 128
/** Statements in all sets that are remembered. Those that come later are put together for each access. */
const mostRemembered = 131_072

/** What speaks on one access: put together, with one index for all layers, when it is first asked for. */
export function policySetFor(authority: Authority, subject: string, resource: string): PolicySet {
  const identity = authority.identity.get(subject) ?? emptyLayers.identity
  const owner = authority.resource.get(resource) ?? emptyLayers.resource
  const known = authority.remembered.sets.get(identity)?.get(owner)
  if (known !== undefined) return known
  const set = assemble({ guardrails: authority.guardrails, resource: owner, identity })
  const statements = set.layers.reduce((sum, layer) => sum + layer.statements.length, 0)
  if (authority.remembered.statements + statements > mostRemembered) return set
  const made = statements > mostJoined ? set : joined(set, authority.rows)
  authority.remembered.statements += statements
  const byOwner = authority.remembered.sets.get(identity) ?? new Map<LayerSet, PolicySet>()
  authority.remembered.sets.set(identity, byOwner.set(owner, made))
  return made
}
