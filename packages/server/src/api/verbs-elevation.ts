import { actions, arn, contextKeys, type Subject } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'

import { fault, membersOf, reasonIn } from './bodies.ts'
import type { AdministrativeRequest, Asked, Verb } from './verb.ts'

/** An elevation as the API shows it; what the administration room keeps may hold more. */
export interface ElevationView {
  readonly id: string
  readonly subject: string
  readonly role: string
  readonly state: string
}

/** What the verbs of elevation do once they are allowed. */
export interface ElevationActs {
  readonly app: () => App
  readonly elevation: (id: string) => ElevationView | undefined
  /** ARNs of every account of the person behind this one. */
  readonly personOf: (account: string) => readonly string[]
  readonly requestElevation: (subject: Subject, role: string, reason: string) => Promise<ElevationView>
  readonly breakGlass: (subject: Subject, role: string, reason: string) => Promise<ElevationView>
  readonly approveElevation: (id: string, by: Subject) => Promise<ElevationView>
  readonly denyElevation: (id: string, by: Subject, reason: string) => Promise<ElevationView>
  readonly endElevation: (id: string, by: Subject, reason: string) => Promise<ElevationView>
}

/** `POST /v1/elevation` and what is done to a request that stands. */
export function elevationVerbs(acts: ElevationActs): readonly Verb[] {
  return [
    {
      method: 'POST',
      path: '/v1/elevation',
      ask: ({ body }) => askForElevation(acts.app(), body),
      carryOut: async ({ body }, by) => {
        const wanted = elevationBody(body)
        if (wanted === undefined) return { status: 400, body: {} }
        const act = wanted.breakGlass ? acts.breakGlass : acts.requestElevation
        return { status: 201, body: { request: await act(by, wanted.role, wanted.reason) } }
      },
    },
    {
      method: 'POST',
      path: '/v1/elevation/:id/approve',
      ask: (request) => askAbout(acts, request, actions.approveElevation, 'approve'),
      carryOut: async ({ name }, by) => ({ status: 200, body: { request: await acts.approveElevation(name, by) } }),
    },
    {
      method: 'POST',
      path: '/v1/elevation/:id/deny',
      ask: (request) => askAbout(acts, request, actions.denyElevation, 'approve'),
      carryOut: async ({ name, body }, by) => ({
        status: 200,
        body: { request: await acts.denyElevation(name, by, reasonIn(body)) },
      }),
    },
    {
      method: 'POST',
      path: '/v1/elevation/:id/revoke',
      ask: (request) => askAbout(acts, request, actions.revokeElevation, 'revoke'),
      carryOut: async ({ name, body }, by) => ({
        status: 200,
        body: { request: await acts.endElevation(name, by, reasonIn(body)) },
      }),
    },
  ]
}

function askForElevation(app: App, body: Uint8Array): Asked {
  const wanted = elevationBody(body)
  const role = app.people.find(({ name }) => name === wanted?.role)
  const path = wanted?.breakGlass === true ? 'break-glass' : 'request'
  const asked: Asked = {
    action: wanted?.breakGlass === true ? actions.breakGlass : actions.requestElevation,
    resource: arn.admin(app.name, `elevation/${path}/${wanted?.role ?? '?'}`),
  }
  if (wanted === undefined) return { ...asked, fault: fault('request.json', 'Send { "role": …, "reason": … }.') }
  if (role?.jit === undefined) {
    return { ...asked, fault: fault('elevation.unknown', `No role ${wanted.role} is elevated just in time.`) }
  }
  if (wanted.breakGlass && role.jit.breakGlassMs === undefined) {
    const message = `There is no glass to break for the role ${wanted.role}.`
    return { ...asked, fault: fault('elevation.no_break_glass', message) }
  }
  if ((role.jit.reasonRequired || wanted.breakGlass) && wanted.reason === '') {
    return { ...asked, fault: fault('elevation.reason_required', 'Say why: the reason is part of the record.') }
  }
  return asked
}

/** What is done to a request is decided with everything that is known of who made it. */
function askAbout(acts: ElevationActs, { name }: AdministrativeRequest, action: string, path: string): Asked {
  const request = acts.elevation(name)
  const resource = arn.admin(acts.app().name, `elevation/${path}/${request?.role ?? '?'}`)
  if (request === undefined) {
    return { action, resource, fault: fault('elevation.unknown', 'There is no such request.') }
  }
  const context = {
    [contextKeys.requester]: acts.personOf(request.subject),
    [contextKeys.target]: `elevation/${request.id}`,
  }
  return { action, resource, context }
}

function elevationBody(
  body: Uint8Array,
): { readonly role: string; readonly reason: string; readonly breakGlass: boolean } | undefined {
  const members = membersOf(body)
  const role = members?.get('role')
  if (typeof role !== 'string') return undefined
  return { role, reason: reasonIn(body), breakGlass: members?.get('breakGlass') === true }
}
