import { actions, arn, contextKeys, type Grant, Secret, type Subject } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'

import type { InvocationResult } from '../host/index.ts'
import type { ApiAnswer, Asked, Verb } from './verb.ts'

/** An elevation as the API shows it; what the administration room keeps may hold more. */
export interface ElevationView {
  readonly id: string
  readonly subject: string
  readonly role: string
  readonly state: string
}

/** What the verbs do once they are allowed. */
export interface AdministrativeActs {
  readonly app: () => App
  readonly elevation: (id: string) => ElevationView | undefined
  readonly requestElevation: (subject: Subject, role: string, reason: string) => Promise<ElevationView>
  readonly approveElevation: (id: string, by: Subject) => Promise<ElevationView>
  readonly setSecret: (name: string, value: Secret<string>) => Promise<unknown>
  readonly invokeDirectly: (
    functionName: string,
    event: Uint8Array,
    user: Subject,
    grant: Grant,
  ) => Promise<InvocationResult>
}

const maxSecretBytes = 16 * 1024
const maxReasonLength = 500

/** Every administrative verb, one entry each. */
export function administrativeVerbs(acts: AdministrativeActs): readonly Verb[] {
  const admin = (path: string): string => arn.admin(acts.app().name, path)
  return [
    {
      method: 'POST',
      path: '/v1/elevation',
      ask: ({ body }) => {
        const wanted = elevationBody(body)
        const role = acts.app().people.find(({ name }) => name === wanted?.role)
        const asked = { action: actions.requestElevation, resource: admin(`elevation/request/${wanted?.role ?? '?'}`) }
        if (wanted === undefined) {
          return { ...asked, fault: fault('request.json', 'Send { "role": …, "reason": … }.') }
        }
        if (role?.jit === undefined) {
          return { ...asked, fault: fault('elevation.unknown', `No role ${wanted.role} is elevated just in time.`) }
        }
        if (role.jit.reasonRequired && wanted.reason.trim() === '') {
          return { ...asked, fault: fault('elevation.reason_required', 'Say why: the reason is part of the record.') }
        }
        return asked
      },
      carryOut: async ({ body }, by) => {
        const wanted = elevationBody(body)
        if (wanted === undefined) return { status: 400, body: {} }
        return { status: 201, body: { request: await acts.requestElevation(by, wanted.role, wanted.reason) } }
      },
    },
    {
      method: 'POST',
      path: '/v1/elevation/:id/approve',
      ask: ({ name }) => {
        const request = acts.elevation(name)
        const role = request?.role ?? '?'
        return {
          action: actions.approveElevation,
          resource: admin(`elevation/approve/${role}`),
          ...(request === undefined
            ? { fault: fault('elevation.unknown', 'There is no such request.') }
            : { context: { [contextKeys.requester]: request.subject } }),
        }
      },
      carryOut: async ({ name }, by) => ({ status: 200, body: { request: await acts.approveElevation(name, by) } }),
    },
    {
      method: 'PUT',
      path: '/v1/secrets/:name',
      ask: ({ name, body }) => ({
        action: actions.setSecret,
        resource: admin(`secret/${name}`),
        ...secretFault(acts.app(), name, body),
      }),
      carryOut: async ({ name, body }) => {
        await acts.setSecret(name, new Secret(new TextDecoder().decode(body)))
        return { status: 200, body: { secret: name } }
      },
    },
    {
      method: 'POST',
      path: '/v1/functions/:name/invoke',
      ask: ({ name, body }) => ({
        action: actions.invokeDirectly,
        resource: admin(`function/${name}/invoke`),
        ...invokeFault(acts.app(), name, body),
      }),
      carryOut: async ({ name, body }, by, grant) =>
        invocationAnswer(await acts.invokeDirectly(name, body.length === 0 ? encode({}) : body, by, grant)),
    },
  ]
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

const fault = (code: string, message: string): { code: string; message: string } => ({ code, message })

/** Adversary: whoever holds the local token. */
function elevationBody(body: Uint8Array): { role: string; reason: string } | undefined {
  const value = parseJson(body)
  if (typeof value !== 'object' || value === null || !('role' in value) || typeof value.role !== 'string')
    return undefined
  const reason = 'reason' in value && typeof value.reason === 'string' ? value.reason : ''
  return { role: value.role, reason: reason.slice(0, maxReasonLength) }
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined // not JSON, or not UTF-8: nothing that could be meant
  }
}

function secretFault(app: App, name: string, body: Uint8Array): Pick<Asked, 'fault'> {
  if (!app.secrets.some((secret) => secret.name === name)) {
    return { fault: fault('secret.unknown', `The manifest declares no secret ${name}.`) }
  }
  if (body.length === 0 || body.length > maxSecretBytes) {
    return { fault: fault('secret.size', `A secret has 1 to ${maxSecretBytes} bytes.`) }
  }
  return {}
}

function invokeFault(app: App, name: string, body: Uint8Array): Pick<Asked, 'fault'> {
  if (!app.functions.some((declared) => declared.name === name)) {
    return { fault: fault('function.unknown', `The manifest declares no function ${name}.`) }
  }
  if (body.length > 0 && parseJson(body) === undefined)
    return { fault: fault('request.json', 'The event is not JSON.') }
  return {}
}

function invocationAnswer(result: InvocationResult): ApiAnswer {
  if (result.kind === 'error') return { status: 502, body: { code: result.code, reason: result.message } }
  return { status: 200, body: { result: parseJson(result.body) ?? null } }
}
