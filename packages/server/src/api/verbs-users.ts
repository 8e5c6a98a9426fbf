import { actions, arn, contextKeys } from '@sallyport/core/access'
import type { App } from '@sallyport/manifest'

import { fault, membersOf, reasonIn } from './bodies.ts'
import type { Asked, Verb } from './verb.ts'

/** A user of the embedded issuer as the API shows them: what they have, and none of it. */
export interface UserView {
  readonly name: string
  readonly roles: readonly string[]
  readonly disabled: boolean
  /** By an administrator; the others are the manifest's. */
  readonly added: boolean
  /** Asked to enrol, and not there before they have. */
  readonly invited: boolean
  readonly hasPassword: boolean
  readonly hasCode: boolean
  readonly passkeys: number
  readonly recoveryCodes: number
  readonly devices: readonly string[]
  /** Accounts elsewhere by which they may sign in. */
  readonly links: readonly LinkView[]
}

/** An account at an upstream. */
export interface LinkView {
  /** Its name in the manifest; its issuer, where the manifest declares it no more. */
  readonly upstream: string
  readonly subject: string
}

/** What the verbs about users do once they are allowed. */
export interface UserActs {
  readonly app: () => App
  readonly users: () => readonly UserView[]
  /** Puts somebody out, with everything that they hold, or lets them in again. */
  readonly setDisabled: (name: string, disabled: boolean, reason: string) => Promise<void>
  /** False for a name that is somebody's, or that nobody can have. */
  readonly mayBeAdded: (name: string) => boolean
  readonly add: (name: string, roles: readonly string[], by: string) => Promise<EnrolmentView>
  /** Takes away what is to be set anew, ends everything that they hold, and gives the link; undefined without them. */
  readonly reset: (
    name: string,
    sets: readonly ('password' | 'factor')[],
    by: string,
    reason: string,
  ) => Promise<EnrolmentView | undefined>
  /** From then on a token that is bound to this key says that the device is managed. */
  readonly enrolDevice: (name: string, device: DeviceView) => void
  /** Ends everything that the user holds, for the device may hold it. */
  readonly removeDevice: (name: string, id: string, reason: string) => Promise<void>
  /** The code of what forbids that somebody is linked to this account. */
  readonly linkFault: (upstream: string, subject: string) => keyof typeof linkFaults | undefined
  /** From then on whoever proves to hold the account there signs in as this user. */
  readonly link: (name: string, account: LinkView, by: string) => Promise<void>
  /** Ends everything that the user holds, for it may rest on the account. */
  readonly unlink: (name: string, account: LinkView, by: string, reason: string) => Promise<void>
  readonly setRoles: (name: string, roles: readonly string[], reason: string) => Promise<void>
}

/** A device as an administrator enrols it. */
export interface DeviceView {
  readonly id: string
  /** `laptop`, `phone`, … */
  readonly type: string
  /** RFC 7638 thumbprint of its key. */
  readonly thumbprint: string
}

/** A link for one person, good once. Whoever asked for it hands it on. */
export interface EnrolmentView {
  readonly link: string
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

const linkFaults = {
  'user.upstream': 'The manifest declares no such upstream.',
  'user.subject': 'A subject is 1 to 255 printable characters: the `sub` of an ID token, and no address.',
  'user.linked': 'That account is linked to somebody already.',
} as const

/** `/v1/users`: who there is, and who may not come in. */
export function userVerbs(acts: UserActs): readonly Verb[] {
  const ask = (target: string, refused?: NonNullable<Asked['fault']>): Asked => ({
    action: actions.manageUsers,
    resource: arn.admin(acts.app().name, 'users'),
    context: { [contextKeys.target]: target },
    ...(refused === undefined ? {} : { fault: refused }),
  })
  const find = (name: string): UserView | undefined => acts.users().find((user) => user.name === name)
  const known = (name: string): boolean => find(name)?.invited === false
  const reasonless = fault('revocation.reason_required', 'Say why: the reason is part of the record.')
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
        // An invitation is taken back so, too.
        return ask(`user/${name}`, find(name) === undefined ? unknown : reasonIn(body) === '' ? reasonless : undefined)
      },
      carryOut: async ({ name, body }) => {
        await acts.setDisabled(name, true, reasonIn(body))
        return { status: 200, body: { user: find(name) } }
      },
    },
    {
      method: 'POST',
      path: '/v1/users/:name/enable',
      ask: ({ name }) => ask(`user/${name}`, known(name) ? undefined : unknown),
      carryOut: async ({ name }) => {
        await acts.setDisabled(name, false, '')
        return { status: 200, body: { user: find(name) } }
      },
    },
    {
      method: 'POST',
      path: '/v1/users/:name/add',
      ask: ({ name, body }) => {
        const taken = fault('user.name', 'That name is taken, or none that a user can have.')
        return ask(`user/${name}`, acts.mayBeAdded(name) ? rolesFault(acts.app(), rolesIn(body)) : taken)
      },
      carryOut: async ({ name, body }, by) => {
        const enrolment = await acts.add(name, rolesIn(body) ?? [], by.id)
        return { status: 201, body: { user: find(name), enrolment } }
      },
    },
    {
      method: 'POST',
      path: '/v1/users/:name/reset',
      ask: ({ name, body }) => {
        const nothing = fault(
          'request.json',
          'Send { "sets": ["password", "factor"], "reason": … }, or one of the two.',
        )
        const unfit = setsIn(body).length === 0 ? nothing : reasonIn(body) === '' ? reasonless : undefined
        return ask(`user/${name}`, known(name) ? unfit : unknown)
      },
      carryOut: async ({ name, body }, by) => {
        const enrolment = await acts.reset(name, setsIn(body), by.id, reasonIn(body))
        return { status: 200, body: { user: find(name), enrolment } }
      },
    },
    {
      method: 'POST',
      path: '/v1/users/:name/roles',
      ask: ({ name, body }) => {
        const user = find(name)
        const ofManifest = fault('user.of_manifest', 'The manifest says what this user holds: change it there.')
        const unfit = reasonIn(body) === '' ? reasonless : rolesFault(acts.app(), rolesIn(body))
        return ask(`user/${name}`, !known(name) ? unknown : user?.added === true ? unfit : ofManifest)
      },
      carryOut: async ({ name, body }) => {
        await acts.setRoles(name, rolesIn(body) ?? [], reasonIn(body))
        return { status: 200, body: { user: find(name) } }
      },
    },
    {
      method: 'POST',
      path: '/v1/users/:name/devices',
      ask: ({ name, body }) => {
        const words = 'Send { "id", "type", "thumbprint" }: short plain words, and what sallyport login prints.'
        return ask(`user/${name}`, !known(name) ? unknown : deviceIn(body) ? undefined : fault('user.device', words))
      },
      carryOut: ({ name, body }) => {
        const device = deviceIn(body)
        if (device !== undefined) acts.enrolDevice(name, device)
        return { status: 200, body: { user: find(name) } }
      },
    },
    {
      method: 'POST',
      path: '/v1/users/:name/devices/remove',
      ask: ({ name, body }) => {
        const id = membersOf(body)?.get('id')
        const isTheirs = find(name)?.devices.some((one) => one === id) === true
        const strange = fault('user.device', 'The user has no such device.')
        const unfit = !isTheirs ? strange : reasonIn(body) === '' ? reasonless : undefined
        return ask(`user/${name}`, known(name) ? unfit : unknown)
      },
      carryOut: async ({ name, body }) => {
        await acts.removeDevice(name, String(membersOf(body)?.get('id')), reasonIn(body))
        return { status: 200, body: { user: find(name) } }
      },
    },
    {
      method: 'POST',
      path: '/v1/users/:name/link',
      ask: ({ name, body }) => {
        const account = accountIn(body)
        if (!known(name)) return ask(`user/${name}`, unknown)
        if (account === undefined) return ask(`user/${name}`, accountless)
        const code = acts.linkFault(account.upstream, account.subject)
        return ask(`user/${name}`, code === undefined ? undefined : fault(code, linkFaults[code]))
      },
      carryOut: async ({ name, body }, by) => {
        const account = accountIn(body)
        if (account !== undefined) await acts.link(name, account, by.id)
        return { status: 200, body: { user: find(name) } }
      },
    },
    {
      method: 'POST',
      path: '/v1/users/:name/unlink',
      ask: ({ name, body }) => {
        const account = accountIn(body)
        const links = find(name)?.links ?? []
        const isTheirs = links.some((one) => one.upstream === account?.upstream && one.subject === account.subject)
        const strange = fault('user.link', 'The user is not linked to that account.')
        const unfit = account === undefined ? accountless : isTheirs ? undefined : strange
        return ask(`user/${name}`, !known(name) ? unknown : (unfit ?? (reasonIn(body) === '' ? reasonless : undefined)))
      },
      carryOut: async ({ name, body }, by) => {
        const account = accountIn(body)
        if (account !== undefined) await acts.unlink(name, account, by.id, reasonIn(body))
        return { status: 200, body: { user: find(name) } }
      },
    },
  ]
}

/** Adversary: whoever holds the local token. Undefined where there is no list of texts. */
function rolesIn(body: Uint8Array): readonly string[] | undefined {
  const roles = membersOf(body)?.get('roles')
  return Array.isArray(roles) && roles.every((role) => typeof role === 'string') ? [...new Set(roles)] : undefined
}

function setsIn(body: Uint8Array): readonly ('password' | 'factor')[] {
  const sets = membersOf(body)?.get('sets')
  return (['password', 'factor'] as const).filter((one) => Array.isArray(sets) && sets.includes(one))
}

function rolesFault(app: App, roles: readonly string[] | undefined): Asked['fault'] {
  if (roles === undefined) return fault('request.json', 'Send { "roles": […] }.')
  const strange = roles.find((role) => !app.people.some(({ name }) => name === role))
  if (strange !== undefined) return fault('user.role', 'The manifest declares no such role.')
  const separated = (app.separations ?? []).some(
    ({ kind, roles: apart }) => kind === 'static' && apart.filter((role) => roles.includes(role)).length > 1,
  )
  return separated ? fault('user.separated', 'Nobody may hold two of these roles.') : undefined
}

const accountless = fault('request.json', 'Send { "upstream": …, "subject": … }.')

/** Adversary: whoever holds the local token. */
function accountIn(body: Uint8Array): LinkView | undefined {
  const members = membersOf(body)
  const [upstream, subject] = [members?.get('upstream'), members?.get('subject')]
  return typeof upstream === 'string' && typeof subject === 'string' ? { upstream, subject } : undefined
}

/** Adversary: whoever holds the local token. */
function deviceIn(body: Uint8Array): DeviceView | undefined {
  const members = membersOf(body)
  const [id, type, thumbprint] = ['id', 'type', 'thumbprint'].map((name) => members?.get(name))
  const isWord = (value: unknown): value is string =>
    typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(value)
  if (!isWord(id) || !isWord(type) || typeof thumbprint !== 'string') return undefined
  return /^[A-Za-z0-9_-]{43}$/.test(thumbprint) ? { id, type, thumbprint } : undefined
}
