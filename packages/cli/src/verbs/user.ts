import { SallyportError } from '@sallyport/core/access'
import { buildCommand, buildRouteMap, type Command, type RouteMap } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { askerFor, type UserFlags, userFlags } from '../as-user.ts'
import { isRecord, localApi, textIn } from '../local-api.ts'
import { oneLine } from '../printable.ts'
import { appFolder, type Terminal } from '../terminal.ts'

type Flags = CommonFlags & UserFlags
type User = Readonly<Record<string, unknown>>

const list: Command<Terminal> = buildCommand<Flags, [], Terminal>({
  docs: { brief: 'List the users of the embedded issuer, and what they sign in with' },
  parameters: { flags: { ...commonFlags, ...userFlags } },
  func: answering(async (terminal, flags) => {
    const answer = await ask(terminal, flags, '/v1/users/list')
    const found: unknown = isRecord(answer) ? answer['users'] : undefined
    const users = Array.isArray(found) ? found.filter(isRecord) : []
    return { exit: 'ok', json: users, text: users.map(show).join('\n') }
  }),
})

const disable: Command<Terminal> = buildCommand<Flags & { readonly reason: string }, [name: string], Terminal>({
  docs: {
    brief: 'Put a user out: nothing that they hold counts any more, and they cannot sign in',
    fullDescription:
      'Ends their sessions, tokens, elevations and open connections at once, also over a restart, until `user enable`.',
  },
  parameters: {
    flags: {
      ...commonFlags,
      ...userFlags,
      reason: { kind: 'parsed', parse: String, brief: 'Why; part of the record', placeholder: 'TEXT' },
    },
    positional: { kind: 'tuple', parameters: [{ brief: 'Name of the user', parse: String, placeholder: 'NAME' }] },
  },
  func: answering(async (terminal, flags, name) => {
    const { reason } = flags
    const user = userIn(await ask(terminal, flags, `/v1/users/${encodeURIComponent(name)}/disable`, { reason }))
    return { exit: 'ok', json: user, text: show(user) }
  }),
})

const enable: Command<Terminal> = buildCommand<Flags, [name: string], Terminal>({
  docs: { brief: 'Let a user in again; they have to sign in anew' },
  parameters: {
    flags: { ...commonFlags, ...userFlags },
    positional: { kind: 'tuple', parameters: [{ brief: 'Name of the user', parse: String, placeholder: 'NAME' }] },
  },
  func: answering(async (terminal, flags, name) => {
    const user = userIn(await ask(terminal, flags, `/v1/users/${encodeURIComponent(name)}/enable`))
    return { exit: 'ok', json: user, text: show(user) }
  }),
})

interface RoleFlags extends Flags {
  readonly role?: readonly string[]
}

const roleFlag = {
  kind: 'parsed',
  parse: String,
  brief: 'A role of theirs; may be said several times',
  placeholder: 'ROLE',
  variadic: true,
  optional: true,
} as const
const reasonFlag = { kind: 'parsed', parse: String, brief: 'Why; part of the record', placeholder: 'TEXT' } as const
const nameOnly = {
  kind: 'tuple',
  parameters: [{ brief: 'Name of the user', parse: String, placeholder: 'NAME' }],
} as const

const add: Command<Terminal> = buildCommand<RoleFlags, [name: string], Terminal>({
  docs: {
    brief: 'Invite somebody: prints a link by which they set a password and a second factor',
    fullDescription:
      'The link is good once, for a day; hand it to that person alone. They are there once they have enrolled. ' +
      'Another `user add` of the same name makes another link and ends the first.',
  },
  parameters: { flags: { ...commonFlags, ...userFlags, role: roleFlag }, positional: nameOnly },
  func: answering(async (terminal, flags, name) => {
    const answer = await ask(terminal, flags, `/v1/users/${encodeURIComponent(name)}/add`, { roles: flags.role ?? [] })
    return { exit: 'ok', json: answer, text: `${show(userIn(answer))}\n${showLink(answer, name)}` }
  }),
})

interface ResetFlags extends Flags {
  readonly password: boolean
  readonly mfa: boolean
  readonly reason: string
}

const reset: Command<Terminal> = buildCommand<ResetFlags, [name: string], Terminal>({
  docs: {
    brief: 'Take away a password, a second factor or both; prints a link by which they are set anew',
    fullDescription:
      'Everything that the user holds ends at once. The link is good once, for an hour. Who sets one of the two ' +
      'proves the other; only where both were reset is the link enough.',
  },
  parameters: {
    flags: {
      ...commonFlags,
      as: userFlags.as,
      device: userFlags.device,
      password: { kind: 'boolean', brief: 'Reset the password', default: false, withNegated: false },
      mfa: {
        kind: 'boolean',
        brief: 'Reset the second factor and the recovery codes',
        default: false,
        withNegated: false,
      },
      reason: reasonFlag,
    },
    positional: nameOnly,
  },
  func: answering(async (terminal, flags, name) => {
    const sets = [...(flags.password ? ['password'] : []), ...(flags.mfa ? ['factor'] : [])]
    if (sets.length === 0) throw new SallyportError('cli.usage', 'say --password, --mfa or both')
    const path = `/v1/users/${encodeURIComponent(name)}/reset`
    // Whoever resets somebody proves a second factor of their own; --mfa says what is reset.
    const answer = await ask(terminal, { ...flags, mfa: true }, path, { sets, reason: flags.reason })
    return { exit: 'ok', json: answer, text: `${show(userIn(answer))}\n${showLink(answer, name)}` }
  }),
})

const setRoles: Command<Terminal> = buildCommand<RoleFlags & { readonly reason: string }, [name: string], Terminal>({
  docs: {
    brief: 'Say which roles a user holds from now on; they have to sign in anew',
    fullDescription: 'For users whom `user add` made. What users of the manifest hold stands in the manifest.',
  },
  parameters: { flags: { ...commonFlags, ...userFlags, role: roleFlag, reason: reasonFlag }, positional: nameOnly },
  func: answering(async (terminal, flags, name) => {
    const body = { roles: flags.role ?? [], reason: flags.reason }
    const user = userIn(await ask(terminal, flags, `/v1/users/${encodeURIComponent(name)}/roles`, body))
    return { exit: 'ok', json: user, text: show(user) }
  }),
})

interface DeviceFlags extends Flags {
  readonly type: string
}

const device: Command<Terminal> = buildCommand<DeviceFlags, [name: string, id: string, key: string], Terminal>({
  docs: {
    brief: 'Enrol a device of a user by the key that `sallyport login` prints there',
    fullDescription:
      'Tokens that are bound to this key then say that the device is managed; its holder proves the key with every ' +
      'request. Compare the key with the person, over another way than it came.',
  },
  parameters: {
    flags: {
      ...commonFlags,
      ...userFlags,
      type: { kind: 'parsed', parse: String, brief: 'laptop, phone, …', default: 'laptop', placeholder: 'WORD' },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Name of the user', parse: String, placeholder: 'NAME' },
        { brief: 'What to call the device', parse: String, placeholder: 'DEVICE' },
        { brief: 'Thumbprint of its key', parse: String, placeholder: 'KEY' },
      ],
    },
  },
  func: answering(async (terminal, flags, name, id, thumbprint) => {
    const path = `/v1/users/${encodeURIComponent(name)}/devices`
    const one = userIn(await ask(terminal, flags, path, { id, type: flags.type, thumbprint }))
    return { exit: 'ok', json: one, text: show(one) }
  }),
})

const removeDevice: Command<Terminal> = buildCommand<
  Flags & { readonly reason: string },
  [name: string, id: string],
  Terminal
>({
  docs: { brief: 'Take a device back, and everything that its user holds; they have to sign in anew' },
  parameters: {
    flags: { ...commonFlags, ...userFlags, reason: reasonFlag },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Name of the user', parse: String, placeholder: 'NAME' },
        { brief: 'What the device is called', parse: String, placeholder: 'DEVICE' },
      ],
    },
  },
  func: answering(async (terminal, flags, name, id) => {
    const path = `/v1/users/${encodeURIComponent(name)}/devices/remove`
    const one = userIn(await ask(terminal, flags, path, { id, reason: flags.reason }))
    return { exit: 'ok', json: one, text: show(one) }
  }),
})

const accountOnly = {
  kind: 'tuple',
  parameters: [
    { brief: 'Name of the user', parse: String, placeholder: 'NAME' },
    { brief: 'Name of the upstream in the manifest', parse: String, placeholder: 'UPSTREAM' },
    { brief: 'Who they are there: the sub of its ID tokens', parse: String, placeholder: 'SUBJECT' },
  ],
} as const

const link: Command<Terminal> = buildCommand<Flags, [name: string, upstream: string, subject: string], Terminal>({
  docs: {
    brief: 'Let a user sign in with an account at an upstream of the manifest',
    fullDescription:
      'Whoever proves there to be SUBJECT signs in as NAME from then on. A refused attempt records the subject: let ' +
      'the person try once, look into the ledger, and compare it with them over another way. An account is linked to ' +
      'one user at most; an e-mail address is no subject.',
  },
  parameters: { flags: { ...commonFlags, ...userFlags }, positional: accountOnly },
  func: answering(async (terminal, flags, name, upstream, subject) => {
    const path = `/v1/users/${encodeURIComponent(name)}/link`
    const one = userIn(await ask(terminal, flags, path, { upstream, subject }))
    return { exit: 'ok', json: one, text: show(one) }
  }),
})

const unlink: Command<Terminal> = buildCommand<
  Flags & { readonly reason: string },
  [name: string, upstream: string, subject: string],
  Terminal
>({
  docs: { brief: 'Take an account at an upstream back, and everything that its user holds; they have to sign in anew' },
  parameters: { flags: { ...commonFlags, ...userFlags, reason: reasonFlag }, positional: accountOnly },
  func: answering(async (terminal, flags, name, upstream, subject) => {
    const path = `/v1/users/${encodeURIComponent(name)}/unlink`
    const one = userIn(await ask(terminal, flags, path, { upstream, subject, reason: flags.reason }))
    return { exit: 'ok', json: one, text: show(one) }
  }),
})

/** `user list|add|reset|roles|device|…|link|unlink|disable|enable`: for those whom `administration: users` names. */
export const user: RouteMap<Terminal> = buildRouteMap({
  docs: { brief: 'See who there is, invite somebody, reset what they sign in with, put them out, let them in again' },
  routes: { list, add, reset, roles: setRoles, device, removeDevice, link, unlink, disable, enable },
})

function showLink(answer: unknown, name: string): string {
  const enrolment = isRecord(answer) && isRecord(answer['enrolment']) ? answer['enrolment'] : {}
  const until = new Date(Number(enrolment['expiresAt'])).toISOString()
  return `for ${name} alone, once, until ${until}:\n  ${textIn(enrolment, 'link') ?? 'no link came back'}`
}

async function ask(terminal: Terminal, flags: Flags, path: string, body: object = {}): Promise<unknown> {
  const folder = appFolder(terminal, flags.app)
  const asker = await askerFor(terminal, folder, flags)
  const sent = new TextEncoder().encode(JSON.stringify(body))
  return localApi(folder).call({ method: 'POST', path, body: sent, ...asker })
}

function userIn(answer: unknown): User {
  return isRecord(answer) && isRecord(answer['user']) ? answer['user'] : {}
}

function show(one: User): string {
  const { roles, disabled, hasCode, passkeys, recoveryCodes, devices, links } = one
  const { hasPassword, invited } = one
  const factors = [
    ...(hasPassword === true ? ['password'] : []),
    ...(hasCode === true ? ['code'] : []),
    ...(Number(passkeys) > 0 ? [`${String(passkeys)} passkeys`] : []),
    ...(Array.isArray(links) ? links.filter(isRecord).map(showAccount) : []),
    ...(Number(recoveryCodes) > 0 ? [`${String(recoveryCodes)} recovery codes`] : []),
  ]
  const has = Array.isArray(devices) && devices.length > 0 ? `  on ${devices.join(', ')}` : ''
  const held = Array.isArray(roles) ? roles.join(', ') : ''
  const out = disabled === true ? '  disabled' : invited === true ? '  invited' : ''
  const proves = factors.join(', ') || 'nothing to sign in with'
  return `${textIn(one, 'name') ?? '?'}  ${held || 'no roles'}  ${proves}${has}${out}`
}

function showAccount(one: User): string {
  return `${oneLine(textIn(one, 'upstream') ?? '?')}:${oneLine(textIn(one, 'subject') ?? '?')}`
}
