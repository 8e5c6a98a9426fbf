import type { Caller } from '../match/caller.ts'
import type { Facts } from '../match/facts.ts'

/**
 * Who must say Allow. The asker's side is its identity policies within boundary and session; the owner's side is the
 * policy attached to the resource.
 */
export type Side =
  | 'asker'
  | 'owner'
  /** Cross-account, and for our functions cross-zone. */
  | 'both'
  /** One account: either suffices, where the owner names the caller and not just its account. */
  | 'either'
  /** The owner must admit: the caller itself, or its account, whose own policies then decide. */
  | 'owner-admits'
  /** Nobody is asked, and nobody can deny. */
  | 'nobody'

/** What a service decides in its own way. The first row that fits counts. */
interface ServiceRule {
  /** Lower-case; a trailing star stands for the rest. */
  readonly action: string
  /** How the resource's sixth part begins. */
  readonly resource: string
  readonly side: Side
}

/**
 * Rules of single services (KMS, "Key policies"; IAM, "Role trust policies"; STS, "GetCallerIdentity"). The owner's
 * policy of a key and of a role is the root of all access to it.
 */
const serviceRules: readonly ServiceRule[] = [
  { action: 'sts:getcalleridentity', resource: '', side: 'nobody' },
  { action: 'kms:*', resource: 'key/', side: 'owner-admits' },
  { action: 'sts:*', resource: 'role/', side: 'owner-admits' },
]

interface OurSide {
  readonly prefix: string
  readonly side: Side
}

/** Our own resources: a route or an administrative act is opened by its own policy alone, a function by both sides. */
const ourSides: readonly OurSide[] = [
  { prefix: 'arn:sallyport:route:', side: 'owner' },
  { prefix: 'arn:sallyport:admin:', side: 'owner' },
  { prefix: 'arn:sallyport:function:', side: 'both' },
]

/** What tells requests apart of which others must allow; a proof has to know. */
export const sideRules: { readonly services: readonly ServiceRule[]; readonly ours: readonly OurSide[] } = {
  services: serviceRules,
  ours: ourSides,
}

/** Who must allow this request. */
export function sideOf(facts: Facts): Side {
  if (facts.resource.startsWith('arn:sallyport:')) {
    for (const { prefix, side } of ourSides) if (facts.resource.startsWith(prefix)) return side
  }
  const rule = serviceRuleOf(facts)
  if (rule === 'nobody') return rule
  switch (facts.caller.kind) {
    case 'ours':
    case 'other':
      return 'asker'
    case 'anonymous':
    case 'service':
    case 'provider':
      return 'owner'
    case 'user':
    case 'role':
    case 'role-session':
    case 'federated-user':
    case 'root':
      return facts.caller.account === facts.owner ? (rule ?? 'either') : 'both'
  }
}

/**
 * Whether service control reaches this caller: it limits the principals of an organization's accounts only, and no role
 * that a service keeps for itself (Organizations, "Service control policies": tasks and entities not restricted).
 */
export function isUnderServiceControl(caller: Caller): boolean {
  return caller.kind !== 'anonymous' && caller.kind !== 'service' && caller.kind !== 'provider' && !caller.linked
}

/** Whether resource control does: it limits everybody, again but for such roles (Organizations, "RCPs"). */
export function isUnderResourceControl(caller: Caller): boolean {
  return !caller.linked
}

function serviceRuleOf({ foldedAction, resource }: Facts): Side | undefined {
  for (const { isOf, resource: start, side } of asked) {
    if (isOf(foldedAction) && startsSixthPart(resource, start)) return side
  }
  return undefined
}

const asked = serviceRules.map(({ action, resource, side }) => {
  const start = action.slice(0, -1)
  const isOf = action.endsWith('*')
    ? (asking: string): boolean => asking.startsWith(start)
    : (asking: string): boolean => asking === action
  return { isOf, resource, side }
})

function startsSixthPart(resource: string, prefix: string): boolean {
  if (prefix === '') return true
  let at = -1
  for (let part = 0; part < 5; part += 1) {
    at = resource.indexOf(':', at + 1)
    if (at === -1) return false
  }
  return resource.startsWith(prefix, at + 1)
}
