import { actions, arn, contextKeys, type Subject } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'

import { fault, membersOf, reasonIn } from './bodies.ts'
import type { AdministrativeRequest, ApiAnswer, Asked, Verb } from './verb.ts'

/** What the verbs of quarantine do once they are allowed. */
export interface QuarantineActs {
  readonly app: () => App
  readonly quarantine: (target: string, by: Subject, reason: string) => Promise<void>
  readonly release: (target: string, by: Subject, reason: string) => Promise<void>
  readonly quarantined: () => readonly { readonly target: string }[]
}

/** `/v1/quarantine`: who is shut off, and until when: until somebody releases them. */
export function quarantineVerbs(acts: QuarantineActs): readonly Verb[] {
  return [
    {
      method: 'POST',
      path: '/v1/quarantine',
      ask: (request, subject) => {
        const asked = askAbout(acts.app(), request, actions.quarantine)
        const isOwn = targetIn(acts.app(), request.body) === `user/${subject.name}`
        // Who shut themselves off could not let themselves in again.
        return isOwn ? { ...asked, fault: fault('quarantine.oneself', 'Another administrator does that.') } : asked
      },
      carryOut: (request, by) => carryOut(acts, request, by, acts.quarantine),
    },
    {
      method: 'POST',
      path: '/v1/quarantine/release',
      ask: (request) => askAbout(acts.app(), request, actions.release),
      carryOut: (request, by) => carryOut(acts, request, by, acts.release),
    },
    {
      method: 'POST',
      path: '/v1/quarantine/list',
      // Its own action would say in the record that somebody was shut off.
      ask: () => ({
        action: actions.manageUsers,
        resource: arn.admin(acts.app().name, 'users'),
        context: { [contextKeys.target]: 'quarantine' },
      }),
      carryOut: () => ({ status: 200, body: { quarantined: acts.quarantined() } }),
    },
  ]
}

function askAbout(app: App, { body }: AdministrativeRequest, action: string): Asked {
  const target = targetIn(app, body)
  const asked = { action, resource: arn.admin(app.name, 'quarantine') }
  if (target === undefined) {
    return { ...asked, fault: fault('quarantine.target', 'Name a function of the manifest, user/NAME, or device/ID.') }
  }
  if (reasonIn(body) === '') return { ...asked, fault: fault('revocation.reason_required', 'Say why.') }
  return { ...asked, context: { [contextKeys.target]: target } }
}

async function carryOut(
  acts: QuarantineActs,
  { body }: AdministrativeRequest,
  by: Subject,
  act: QuarantineActs['quarantine'],
): Promise<ApiAnswer> {
  const target = targetIn(acts.app(), body)
  if (target === undefined) return { status: 400, body: {} }
  await act(target, by, reasonIn(body))
  return { status: 200, body: { target } }
}

/**
 * `function/NAME` of the manifest, `user/NAME` of any issuer and `device/ID` of any authority (whom another one vouches
 * for, nobody here can list), or a bare name, which is a function's where one is called so. Adversary: whoever holds
 * the local token; what is shut off becomes a key in the ledger's state, so it is bounded.
 */
function targetIn(app: App, body: Uint8Array): string | undefined {
  const said = membersOf(body)?.get('target')
  if (typeof said !== 'string' || !/^[^\s*?${}"'<>\\]{1,256}$/.test(said)) return undefined
  const isFunction = (name: string): boolean => app.functions.some((one) => one.name === name)
  if (said.startsWith('function/')) return isFunction(said.slice('function/'.length)) ? said : undefined
  if (/^(?:user|device)\/./.test(said)) return said
  if (isFunction(said)) return `function/${said}`
  return said.includes('/') ? undefined : `user/${said}`
}
