import type { AccessRequest, Decision, Layer, Reason } from '@sallyport/core/access'

import type { AppPolicies, NamedPolicy, PolicyLayers, Statement } from '../document.ts'
import { readFacts } from '../match/facts.ts'
import { kindOf, type Meant } from './naive-principal.ts'
import { type NaiveRequest, speaksOf } from './naive-statement.ts'

/**
 * The engine a second time, for reading beside the specification: no index, no compilation, one rule after the other.
 * It shares with the other evaluator only what turns a text into a number, a date, an address or a fact; a property
 * test demands that both always say the same. Slow: for tests and for checking an answer, not for a door.
 */
export function decideNaively(
  policies: AppPolicies | PolicyLayers,
  asked: readonly [AccessRequest, ...AccessRequest[]],
): Decision {
  try {
    const reasons: Reason[] = []
    for (const request of asked) {
      const outcome = decideOne(layersFor(policies, request), request)
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

function layersFor(policies: AppPolicies | PolicyLayers, request: AccessRequest): PolicyLayers {
  if (!isApp(policies)) return policies
  const resource = policies.resource.get(request.resource)
  return {
    guardrails: policies.guardrails,
    identity: policies.identity.get(request.subject.id) ?? [],
    ...(resource === undefined ? {} : { resource }),
  }
}

function isApp(policies: AppPolicies | PolicyLayers): policies is AppPolicies {
  return policies.resource instanceof Map
}

type Outcome =
  | { readonly allowed: true; readonly reason: Reason }
  | { readonly allowed: false; readonly explicit: boolean; readonly reason: Reason }

const allowedBy = (layer: Layer): Outcome => ({ allowed: true, reason: reasonOf('policy.allow', layer) })
const lacking = (layer: Layer): Outcome => ({
  allowed: false,
  explicit: false,
  reason: reasonOf('policy.implicit_deny', layer),
})

function decideOne(layers: PolicyLayers, request: AccessRequest): Outcome {
  if (request.refusal !== undefined) return { allowed: false, explicit: false, reason: request.refusal }
  const facts = readFacts(request, layers.boundary !== undefined)
  if ('malformed' in facts) {
    const reason: Reason = { code: 'policy.malformed_request', layer: 'guardrail', message: facts.malformed }
    return { allowed: false, explicit: false, reason }
  }
  // A session's id may show the path of its role, by which a role is known that a service keeps for itself.
  const linkedSession = /^(arn:aws[a-z-]*:sts::\d{12}:assumed-role\/)aws-service-role\/[^/]+\/([^/]+\/[^/]+)$/
  const asked: NaiveRequest = {
    caller: request.subject.id.replace(linkedSession, '$1$2'),
    hasBoundary: layers.boundary !== undefined,
    action: request.action,
    resource: request.resource,
    lookup: (name) => facts.values[facts.names.indexOf(name.toLowerCase())],
  }
  const kind = kindOf(asked.caller)
  const meant = (effect: Statement['Effect'], policies: readonly NamedPolicy[]): readonly Meant[] =>
    policies
      .flatMap(({ document }) =>
        document.Statement.filter(({ Effect }) => Effect === effect).map((one) => speaksOf(document, one, asked)),
      )
      .filter((how) => how !== undefined)
  const allows = (policies: readonly NamedPolicy[]): boolean => meant('Allow', policies).length > 0

  // Asking who one is needs no permission, and no policy can deny it.
  if (request.action.toLowerCase() === 'sts:getcalleridentity') return allowedBy('identity')

  // An organization's policies: of services on principals of its accounts, of resources on everybody; neither on a role
  // that a service keeps for itself.
  const isOfNoAccount = ['anonymous', 'service', 'provider'].includes(kind)
  const isServices =
    /^arn:aws[a-z-]*:iam::\d{12}:role\/aws-service-role\//.test(asked.caller) || linkedSession.test(request.subject.id)
  const reaches = (layer: Layer): boolean =>
    layer === 'service-control' ? !isOfNoAccount && !isServices : layer !== 'resource-control' || !isServices

  // 1. An explicit deny in whatever reaches the caller wins.
  const attached = layers.resource === undefined ? [] : [layers.resource]
  const everywhere: readonly (readonly [Layer, readonly NamedPolicy[]])[] = [
    ['guardrail', layers.guardrails ?? []],
    ...(layers.resourceControl ?? []).map(({ policies }) => ['resource-control', policies] as const),
    ...(layers.serviceControl ?? []).map(({ policies }) => ['service-control', policies] as const),
    ['endpoint', layers.endpoint ?? []],
    ['resource', attached],
    ['identity', layers.identity ?? []],
    ['boundary', layers.boundary ?? []],
    ['session', layers.session ?? []],
  ]
  for (const [layer, policies] of everywhere) {
    if (!reaches(layer)) continue
    if (meant('Deny', policies).length === 0) continue
    return { allowed: false, explicit: true, reason: reasonOf('policy.explicit_deny', layer) }
  }

  // 2. Every level of service control must allow the principals of its accounts; then the endpoint.
  const levels = reaches('service-control') ? (layers.serviceControl ?? []) : []
  if (!levels.every(({ policies }) => allows(policies))) return lacking('service-control')
  if (layers.endpoint !== undefined && !allows(layers.endpoint)) return lacking('endpoint')

  // 3. Boundary and session policy: what they do not allow is not there.
  const session = layers.session ?? (kind === 'federated' ? [] : undefined)
  const limit = (): Outcome | undefined => {
    if (layers.boundary !== undefined && !allows(layers.boundary)) return lacking('boundary')
    return session !== undefined && !allows(session) ? lacking('session') : undefined
  }
  const asker = (): Outcome => {
    const isGranted = kind === 'root' || allows(layers.identity ?? [])
    return isGranted ? (limit() ?? allowedBy('identity')) : lacking('identity')
  }

  // 4. Whoever has the say.
  const granted = meant('Allow', attached)
  const [scheme, partition, service = '', , account = '', path = ''] = request.resource.split(':')
  const isOurs = scheme === 'arn' && partition === 'sallyport' && request.resource.split(':').length > 3
  if (isOurs && (service === 'route' || service === 'admin'))
    return granted.length > 0 ? allowedBy('resource') : lacking('resource')
  if (isOurs && service === 'function') return granted.length > 0 ? asker() : lacking('resource')
  if (kind === 'ours' || kind === 'other') return asker()
  if (isOfNoAccount) return granted.length > 0 ? allowedBy('resource') : lacking('resource')
  const owner = request.resourceAccount ?? account
  if (asked.caller.split(':')[4] !== owner) return granted.length > 0 ? asker() : lacking('resource')
  if (granted.includes('itself')) return allowedBy('resource')
  if (granted.includes('behind-session')) return limit() ?? allowedBy('resource')
  const [prefix = ''] = request.action.toLowerCase().split(':')
  const mustAdmit = (prefix === 'kms' && path.startsWith('key/')) || (prefix === 'sts' && path.startsWith('role/'))
  return mustAdmit && granted.length === 0 ? lacking('resource') : asker()
}

function reasonOf(code: string, layer: Layer): Reason {
  return { code, layer, message: `${code} in ${layer}` }
}
