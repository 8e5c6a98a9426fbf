import { actions, type AccessRequest, type Decision, type Deny, type Reason } from '@sallyport/core/access'

import type { App } from '../app.ts'
import type { CompiledApp } from '../compile/compile-app.ts'
import { showPosition } from '../source/faults.ts'
import { explainAdministration } from './explain-administration.ts'
import { explainDoor, explainFunction, explainName } from './explain-call.ts'
import { explainGuest } from './explain-guest.ts'
import { explainRoute } from './explain-route.ts'
import { explainTable } from './explain-table.ts'
import { unlessStatedOtherwise } from './stated-otherwise.ts'
import { reword } from './wording.ts'

/**
 * The same decision, with every reason placed in the manifest and the first in words a person can act on: what was
 * missing, where the nearest rule stands, and the one line that would allow it. Effect, layer and requests are
 * never changed: the engine decided, and this only tells.
 */
export function explain(decision: Decision, compiled: CompiledApp, app: App): Decision {
  const placed = (reason: Reason): Reason => {
    const at = reason.rule === undefined ? undefined : compiled.origins.get(reason.rule)
    return at === undefined || reason.at !== undefined ? reason : { ...reason, at: showPosition(at) }
  }
  if (decision.effect === 'allow') return { ...decision, reasons: decision.reasons.map(placed) }
  const [first, ...others] = decision.reasons
  const request = refusedRequest(first, decision)
  const told = unlessStatedOtherwise(tell(placed(first), request, decision, compiled, app), request, app)
  return { ...decision, reasons: [placed(told), ...others.map(placed)] }
}

function tell(reason: Reason, request: AccessRequest, decision: Deny, compiled: CompiledApp, app: App): Reason {
  if (reason.code === 'door.unlisted') return explainDoor(reason, request, app)
  if (reason.code === 'dns.unlisted') return explainName(reason, request, app)
  if (!reason.code.startsWith('policy.')) return reason
  if (reason.code === 'policy.malformed_request' || reason.code === 'policy.error') return reason
  if (decision.explicit) return explainDeny(reason, request, compiled, app)
  switch (request.action) {
    case actions.callRoute:
      return explainRoute(reason, request, app)
    case actions.invokeFunction:
      return explainFunction(reason, request, app)
    case actions.useDoor:
      return explainDoor(reason, request, app)
    case actions.requestElevation:
    case actions.approveElevation:
    case actions.denyElevation:
    case actions.revokeElevation:
    case actions.breakGlass:
    case actions.manageUsers:
    case actions.revoke:
    case actions.quarantine:
    case actions.release:
    case actions.setSecret:
    case actions.applyConfiguration:
    case actions.invokeDirectly:
      return explainAdministration(reason, request, app)
    default:
      return explainTable(reason, request, app)
  }
}

/** In a batch the engine's first reason names the request; alone there is only one. */
function refusedRequest(reason: Reason, { asked }: Deny): AccessRequest {
  const named =
    asked.length === 1
      ? undefined
      : asked.find(({ action, resource }) => reason.message.startsWith(`${action} on ${resource}: `))
  return named ?? asked[0]
}

function explainDeny(reason: Reason, request: AccessRequest, compiled: CompiledApp, app: App): Reason {
  const subject = request.subject.name
  const ruleAt = reason.rule === undefined ? undefined : compiled.origins.get(reason.rule)
  const guest = (app.guests ?? []).find(({ at }) => at === ruleAt)
  const separation = (app.separations ?? []).find(({ at }) => at === ruleAt)
  if (separation !== undefined) {
    const detail = separation.roles.join(' and ')
    return reword(reason, `separation.${separation.kind}`, { subject, object: request.resource, detail })
  }
  if (guest !== undefined) return explainGuest(reason, request, guest)
  if (request.action === actions.approveElevation) return explainAdministration(reason, request, app)
  const demanded = explainDemand(reason, request, app)
  if (demanded !== undefined) return demanded
  const zone = app.zones.find(({ at }) => reason.layer === 'guardrail' && at === ruleAt)
  if (zone !== undefined) return explainFunction(reason, request, app, zone)
  const facts = { subject, object: `${request.action} on ${request.resource}`, detail: reason.message }
  return reword(reason, reason.layer === 'guardrail' ? 'guardrail.denied' : 'policy.denied', facts)
}

/** A deny that the manifest made of what a route or a power demands of a sign-in, if it is one. */
function explainDemand(reason: Reason, request: AccessRequest, app: App): Reason | undefined {
  if (reason.layer !== 'resource' || reason.rule?.includes('-unless-') !== true) return undefined
  return request.action === actions.callRoute
    ? explainRoute(reason, request, app)
    : explainAdministration(reason, request, app)
}
