import { buildCommand, buildRouteMap, type Command, type RouteMap } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { accessTokenFor, type UserFlags, userFlags } from '../as-user.ts'
import { isRecord, localApi, textIn } from '../local-api.ts'
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

/** `user list`, `user disable NAME`, `user enable NAME`: for those whom `administration: users` names. */
export const user: RouteMap<Terminal> = buildRouteMap({
  docs: { brief: 'See who there is, put somebody out, let them in again' },
  routes: { list, disable, enable },
})

async function ask(terminal: Terminal, flags: Flags, path: string, body: object = {}): Promise<unknown> {
  const folder = appFolder(terminal, flags.app)
  const userToken = await accessTokenFor(terminal, folder, flags)
  const sent = new TextEncoder().encode(JSON.stringify(body))
  return localApi(folder).call({ method: 'POST', path, body: sent, userToken })
}

function userIn(answer: unknown): User {
  return isRecord(answer) && isRecord(answer['user']) ? answer['user'] : {}
}

function show(one: User): string {
  const { roles, disabled, hasCode, passkeys, recoveryCodes } = one
  const factors = [
    'password',
    ...(hasCode === true ? ['code'] : []),
    ...(Number(passkeys) > 0 ? [`${String(passkeys)} passkeys`] : []),
    ...(Number(recoveryCodes) > 0 ? [`${String(recoveryCodes)} recovery codes`] : []),
  ]
  const held = Array.isArray(roles) ? roles.join(', ') : ''
  const out = disabled === true ? '  disabled' : ''
  return `${textIn(one, 'name') ?? '?'}  ${held || 'no roles'}  ${factors.join(', ')}${out}`
}
