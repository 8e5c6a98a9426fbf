import type { Facts } from '../match/facts.ts'
import { compileLayer, emptyLayers, type LayerSet, type PolicySet } from './policy-set.ts'
import { isUnderServiceControl, sideOf } from './sides.ts'
import type { CompiledStatement } from './statement.ts'

/**
 * What decided: an Allow statement (allowed), a Deny statement (denied explicitly), or a layer that had to allow and
 * did not (denied implicitly).
 */
export type Verdict = CompiledStatement | LayerSet

/**
 * IAM's evaluation: a Deny anywhere wins; every ceiling must allow; then whoever has the say (`sideOf`). Allocates
 * nothing.
 */
export function judge(set: PolicySet, facts: Facts): Verdict {
  const side = sideOf(facts)
  if (side === 'nobody') return freeForAll
  for (const layer of set.denying) {
    const denied = layer.denies.find(facts, 0)
    if (denied !== undefined) return denied
  }
  const ceiling = lackingCeiling(set, facts)
  if (ceiling !== undefined) return ceiling
  const owner = set.resource.allows
  switch (side) {
    case 'asker':
      return byAsker(set, facts)
    case 'owner':
      return owner.find(facts, 1) ?? set.resource
    case 'both':
      return owner.find(facts, 1) === undefined ? set.resource : byAsker(set, facts)
    case 'either':
      return byOwner(set, facts) ?? byAsker(set, facts)
    case 'owner-admits': {
      const granted = byOwner(set, facts)
      if (granted !== undefined) return granted
      return owner.find(facts, 1) === undefined ? set.resource : byAsker(set, facts)
    }
  }
}

function lackingCeiling(set: PolicySet, facts: Facts): LayerSet | undefined {
  if (isUnderServiceControl(facts)) {
    for (const level of set.serviceControl) if (level.allows.find(facts, 0) === undefined) return level
  }
  return set.endpoint?.allows.find(facts, 0) === undefined ? set.endpoint : undefined
}

/**
 * The owner's word alone (IAM, "Permissions boundaries": resource-based policies): naming the caller itself it is
 * enough, naming the role or user behind a session it stays within boundary and session policy. Undefined when it names
 * neither.
 */
function byOwner(set: PolicySet, facts: Facts): Verdict | undefined {
  if (set.resource.namesAccountsOnly && facts.caller.kind !== 'root') return undefined
  const direct = set.resource.allows.find(facts, 3)
  if (direct !== undefined) return direct
  const behind = set.resource.allows.find(facts, 2)
  return behind === undefined ? undefined : withinLimits(set, facts, behind)
}

function byAsker(set: PolicySet, facts: Facts): Verdict {
  const identity = identityOf(set, facts)
  const granted = identity.allows.find(facts, 0)
  return granted === undefined ? identity : withinLimits(set, facts, granted)
}

/** An account's root user has what no policy gives: everything of its own account. */
export function identityOf(set: PolicySet, facts: Facts): LayerSet {
  return facts.caller.kind === 'root' ? accountRoot : set.identity
}

/** A federated user without a session policy has none of the powers behind it. */
export function sessionOf(set: PolicySet, facts: Facts): LayerSet | undefined {
  return set.session ?? (facts.caller.kind === 'federated-user' ? emptyLayers.session : undefined)
}

function withinLimits(set: PolicySet, facts: Facts, granted: CompiledStatement): Verdict {
  if (set.boundary !== undefined && set.boundary.allows.find(facts, 0) === undefined) return set.boundary
  const session = sessionOf(set, facts)
  return session !== undefined && session.allows.find(facts, 0) === undefined ? session : granted
}

const everything = (name: string): LayerSet =>
  compileLayer('identity', [
    { name, document: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } },
  ])
const accountRoot = everything('account-root')
const [freeForAll] = everything('needs-no-permission').statements as readonly [CompiledStatement]
