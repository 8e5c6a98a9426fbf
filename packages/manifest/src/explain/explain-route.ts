import { contextKeys, type AccessRequest, type Reason } from '@sallyport/core/access'

import type { App, Role, Route } from '../app.ts'
import { countingAs } from '../compile/inheritance.ts'
import { showPosition } from '../source/faults.ts'
import { lackOf } from './explain-assurance.ts'
import { exceedsRisk, flag, holds, text } from './read-context.ts'
import { requestFix } from './person.ts'
import { fixOf } from './shell.ts'
import { reword, type RefusalCode } from './wording.ts'

/**
 * Why a route stayed closed. Of the roles that the caller holds, the one that lacks least is named; what it lacks is
 * said in the order in which a person would mend it, for an elevation is of no use without the second factor.
 */
export function explainRoute(reason: Reason, request: AccessRequest, app: App): Reason {
  const route = app.functions.flatMap((one) => one.routes).find(({ arn }) => arn === request.resource)
  if (route === undefined) return reason
  const facts = { subject: request.subject.name, object: route.key }
  const at = { at: showPosition(route.at) }
  const held = countingAs(app, route.who).filter(({ name }) => holds(request, contextKeys.roles, name))
  const nearest = held
    .map((role) => ({ role, lacks: lacking(role, request) }))
    .toSorted((a, b) => a.lacks.length - b.lacks.length)[0]
  if (nearest === undefined) return explainStranger(reason, request, app, route)
  const [code] = nearest.lacks
  const { role } = nearest
  if (code === undefined) {
    const lack = lackOf(route.assurance, request)
    if (lack === undefined) return { ...reason, ...at }
    const detail = 'detail' in lack ? lack.detail : ''
    return reword(reason, `route.${lack.kind}`, { ...facts, role: role.name, detail }, at)
  }
  const country = text(request, contextKeys.country)
  const from = country ?? 'an unknown country'
  const fix =
    code === 'route.elevation_required'
      ? requestFix(app, facts.subject, role.name, `for ${route.key}`)
      : code === 'route.country' && country !== undefined
        ? fixOf('allow', `${role.name}@${country}`, route.key)
        : {}
  return reword(
    reason,
    code,
    { ...facts, role: role.name, detail: code === 'route.country' ? from : shownDevice(request) },
    { at: showPosition(role.at), ...fix },
  )
}

/** Of a device that was shown and does not count, why it does not: whoever sees to devices must know. */
function shownDevice(request: AccessRequest): string {
  const fault = text(request, contextKeys.deviceFault)
  return fault === undefined ? '' : `, and the one shown does not count (${fault})`
}

function explainStranger(reason: Reason, request: AccessRequest, app: App, route: Route): Reason {
  const facts = { subject: request.subject.name, object: route.key }
  const at = { at: showPosition(route.at) }
  const { refused } = request.subject
  // A credential was shown and not accepted: that, and not the lack of one, is what its bearer must know.
  if (refused !== undefined)
    return { ...reason, ...at, code: refused.code, message: `${route.key} needs a sign-in: ${refused.message}` }
  if (request.subject.kind === 'anonymous') return reword(reason, 'route.authentication_required', facts, at)
  const role = app.people.find(({ name }) => holds(request, contextKeys.roles, name))
  const fix = role === undefined ? {} : fixOf('allow', role.name, route.key)
  return reword(reason, 'route.role_missing', { ...facts, detail: route.who.join(', ') }, { ...at, ...fix })
}

function lacking(role: Role, request: AccessRequest): readonly RefusalCode[] {
  const country = text(request, contextKeys.country)
  const demands: readonly (readonly [boolean, RefusalCode])[] = [
    [role.countries.length > 0 && (country === undefined || !role.countries.includes(country)), 'route.country'],
    [role.mfa && !flag(request, contextKeys.mfa), 'route.mfa_required'],
    [role.managedDevice && !flag(request, contextKeys.deviceManaged), 'route.device_unmanaged'],
    [role.freshSignals === true && !flag(request, contextKeys.signalsFresh), 'route.signals_stale'],
    [exceedsRisk(role, request), 'route.risk'],
    [role.jit !== undefined && !holds(request, contextKeys.elevatedRoles, role.name), 'route.elevation_required'],
  ]
  return demands.flatMap(([missing, code]) => (missing ? [code] : []))
}
