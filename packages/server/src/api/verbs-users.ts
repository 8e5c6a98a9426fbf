import { actions, arn, contextKeys } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'

import { fault, reasonIn } from './bodies.ts'
import type { Asked, Verb } from './verb.ts'

/** A user of the embedded issuer as the API shows them: what they have, and none of it. */
export interface UserView {
  readonly name: string
  readonly roles: readonly string[]
  readonly disabled: boolean
  readonly hasCode: boolean
  readonly passkeys: number
  readonly recoveryCodes: number
  readonly devices: readonly string[]
}

/** What the verbs about users do once they are allowed. */
export interface UserActs {
  readonly app: () => App
  readonly users: () => readonly UserView[]
  /** Puts somebody out, with everything that they hold, or lets them in again. */
  readonly setDisabled: (name: string, disabled: boolean, reason: string) => Promise<void>
}

/** `/v1/users`: who there is, and who may not come in. */
export function userVerbs(acts: UserActs): readonly Verb[] {
  const ask = (target: string, refused?: NonNullable<Asked['fault']>): Asked => ({
    action: actions.manageUsers,
    resource: arn.admin(acts.app().name, 'users'),
    context: { [contextKeys.target]: target },
    ...(refused === undefined ? {} : { fault: refused }),
  })
  const known = (name: string): boolean => acts.users().some((user) => user.name === name)
  const unknown = fault('user.unknown', 'The embedded issuer has no such user.')
  return [
    {
      method: 'POST',
      path: '/v1/users/list',
      ask: () => ask('users'),
      carryOut: () => ({ status: 200, body: { users: acts.users() } }),
    },
    {
      method: 'POST',
      path: '/v1/users/:name/disable',
      ask: ({ name, body }) => {
        const reasonless = fault('revocation.reason_required', 'Say why: the reason is part of the record.')
        return ask(`user/${name}`, known(name) ? (reasonIn(body) === '' ? reasonless : undefined) : unknown)
      },
      carryOut: async ({ name, body }) => {
        await acts.setDisabled(name, true, reasonIn(body))
        return { status: 200, body: { user: acts.users().find((user) => user.name === name) } }
      },
    },
    {
      method: 'POST',
      path: '/v1/users/:name/enable',
      ask: ({ name }) => ask(`user/${name}`, known(name) ? undefined : unknown),
      carryOut: async ({ name }) => {
        await acts.setDisabled(name, false, '')
        return { status: 200, body: { user: acts.users().find((user) => user.name === name) } }
      },
    },
  ]
}
