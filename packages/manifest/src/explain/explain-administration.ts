import { actions, contextKeys, type AccessRequest, type Reason } from '@sallyport/core/access'

import type { App, Role } from '../app.ts'
import type { AdministrativePower } from '../people.ts'
import { subjectKey } from '../compile/administration.ts'
import { showPosition } from '../source/faults.ts'
import { lackOf } from './explain-assurance.ts'
import { requestFix } from './person.ts'
import { exceedsRisk, flag, holds, text } from './read-context.ts'
import { reword } from './wording.ts'

/** Why an administrative act was refused. There is no command that mends it: powers are given in the manifest. */
export function explainAdministration(reason: Reason, request: AccessRequest, app: App): Reason {
  const path = request.resource.split('::')[1] ?? request.resource
  const facts = { subject: request.subject.name, object: path }
  const subject = text(request, subjectKey)
  if (
    request.action === actions.approveElevation &&
    subject !== undefined &&
    holds(request, contextKeys.requester, subject)
  ) {
    return reword(reason, 'administration.self_approval', facts)
  }
  const holders = app.people.filter((role) => holdersOf(app, request.action, path).includes(role.name))
  const held = holders.filter((role) => holds(request, contextKeys.roles, role.name))
  const ready = held.find((role) => !role.managedDevice || flag(request, contextKeys.deviceManaged)) ?? held[0]
  if (ready === undefined) return reword(reason, 'administration.role_missing', facts)
  if (!flag(request, contextKeys.mfa)) return reword(reason, 'administration.mfa_required', facts, at(ready))
  if (ready.managedDevice && !flag(request, contextKeys.deviceManaged)) {
    return reword(reason, 'administration.device_unmanaged', { ...facts, role: ready.name }, at(ready))
  }
  if (ready.freshSignals === true && !flag(request, contextKeys.signalsFresh)) {
    return reword(reason, 'administration.signals_stale', { ...facts, role: ready.name }, at(ready))
  }
  if (exceedsRisk(ready, request)) {
    return reword(reason, 'administration.risk', { ...facts, role: ready.name }, at(ready))
  }
  const power = powerOf(request.action)
  const demands = power === undefined ? undefined : app.administrationDemands?.[power]
  const needsElevation = demands?.elevated === true && ready.jit !== undefined
  if (needsElevation && !holds(request, contextKeys.elevatedRoles, ready.name)) {
    const fix = requestFix(app, facts.subject, ready.name, `for ${path}`)
    return reword(reason, 'administration.elevation_required', { ...facts, role: ready.name }, { ...at(ready), ...fix })
  }
  const lack = lackOf(demands, request)
  if (lack === undefined) return reason
  const detail = 'detail' in lack ? lack.detail : ''
  return reword(reason, `administration.${lack.kind}`, { ...facts, role: ready.name, detail }, at(ready))
}

/** The power that an administrative action needs; undefined for those that `jit` gives, and for others. */
export function powerOf(action: string): AdministrativePower | undefined {
  switch (action) {
    case actions.manageUsers:
    case actions.revoke:
    case actions.quarantine:
    case actions.release:
      return 'users'
    case actions.setSecret:
      return 'secrets'
    case actions.applyConfiguration:
      return 'configuration'
    case actions.invokeDirectly:
      return 'invoke'
    default:
      return undefined
  }
}

function holdersOf(app: App, action: string, path: string): readonly string[] {
  const role = app.people.find(({ name }) => name === path.split('/')[2])
  switch (action) {
    case actions.requestElevation:
      return role === undefined ? [] : [role.name]
    case actions.breakGlass:
      return role?.jit?.breakGlassMs === undefined ? [] : [role.name]
    case actions.approveElevation:
    case actions.denyElevation:
    case actions.revokeElevation:
      return role?.jit?.approvers ?? []
    default: {
      const power = powerOf(action)
      return power === undefined ? [] : app.administration[power]
    }
  }
}

function at(role: Role): { readonly at: string } {
  return { at: showPosition(role.at) }
}
