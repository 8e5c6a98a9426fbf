import { actions, arn, contextKeys, type Grant, Secret, type Subject } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'

import type { InvocationResult, StreamedAnswer } from '../host/index.ts'
import { fault, membersOf, parseJson, reasonIn } from './bodies.ts'
import { streamedInvocation } from './streamed.ts'
import type { ApiAnswer, Asked, Verb } from './verb.ts'
import { type ElevationActs, elevationVerbs } from './verbs-elevation.ts'
import { type QuarantineActs, quarantineVerbs } from './verbs-quarantine.ts'
import { type UserActs, userVerbs } from './verbs-users.ts'

/** What the verbs do once they are allowed. */
export interface AdministrativeActs extends ElevationActs, UserActs, QuarantineActs {
  /** What shared signals said, and which streams are heard. */
  readonly signals: () => { readonly streams: unknown; readonly people: unknown }
  /** Ends everything that rests on `user/NAME`, `session/ID` or `function/NAME`. */
  readonly revoke: (target: string, reason: string) => Promise<void>
  readonly setSecret: (name: string, value: Secret<string>) => Promise<unknown>
  readonly invokeDirectly: (
    functionName: string,
    event: Uint8Array,
    user: Subject,
    grant: Grant,
    onStream: (answer: StreamedAnswer) => void,
  ) => Promise<InvocationResult>
}

const maxSecretBytes = 16 * 1024

/** Every administrative verb, one entry each. */
export function administrativeVerbs(acts: AdministrativeActs): readonly Verb[] {
  const admin = (path: string): string => arn.admin(acts.app().name, path)
  return [
    ...elevationVerbs(acts),
    ...userVerbs(acts),
    ...quarantineVerbs(acts),
    {
      method: 'POST',
      path: '/v1/revocations',
      ask: ({ body }) => {
        const target = revocationTarget(body)
        const asked = { action: actions.revoke, resource: admin('revocation') }
        if (target === undefined) return { ...asked, fault: fault('request.json', targetHint) }
        if (reasonIn(body) === '') return { ...asked, fault: fault('revocation.reason_required', 'Say why.') }
        return { ...asked, context: { [contextKeys.target]: target } }
      },
      carryOut: async ({ body }) => {
        const target = revocationTarget(body)
        if (target === undefined) return { status: 400, body: {} }
        await acts.revoke(target, reasonIn(body))
        return { status: 200, body: { revoked: target } }
      },
    },
    {
      method: 'POST',
      path: '/v1/signals/list',
      ask: () => ({
        action: actions.manageUsers,
        resource: admin('users'),
        context: { [contextKeys.target]: 'signals' },
      }),
      carryOut: () => ({ status: 200, body: acts.signals() }),
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
      carryOut: async ({ name, body }, by, grant) => {
        const streamed = Promise.withResolvers<StreamedAnswer>()
        const event = body.length === 0 ? encode({}) : body
        const invoked = acts.invokeDirectly(name, event, by, grant, streamed.resolve)
        const first = await Promise.race([invoked, streamed.promise])
        return 'status' in first ? streamedInvocation(first, invoked) : invocationAnswer(first)
      },
    },
  ]
}

const targetHint = 'Send { "target": "user/NAME" | "session/ID" | "function/NAME", "reason": … }.'

/** Adversary: whoever holds the local token. What is revoked becomes a key in the ledger's state, so it is bounded. */
function revocationTarget(body: Uint8Array): string | undefined {
  const target = membersOf(body)?.get('target')
  const fits = typeof target === 'string' && /^(user|session|function)\/[^\s*?${}"'<>\\]{1,256}$/.test(target)
  return fits ? target : undefined
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

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
