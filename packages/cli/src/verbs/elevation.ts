import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { accessTokenFor, type UserFlags, userFlags } from '../as-user.ts'
import { isRecord, localApi, textIn } from '../local-api.ts'
import { appFolder, paintFor, type Terminal } from '../terminal.ts'

interface RequestFlags extends CommonFlags, UserFlags {
  readonly reason: string
}

/** `request ROLE --reason TEXT`: asks for a role that is held only for a while. */
export const request: Command<Terminal> = buildCommand<RequestFlags, [role: string], Terminal>({
  docs: { brief: 'Ask for a role that is held only for a while; another person approves' },
  parameters: {
    flags: {
      ...commonFlags,
      ...userFlags,
      reason: { kind: 'parsed', parse: String, brief: 'Why; part of the record', placeholder: 'TEXT' },
    },
    positional: { kind: 'tuple', parameters: [{ brief: 'Role', parse: String, placeholder: 'ROLE' }] },
  },
  func: answering(async (terminal, flags, role) => {
    const folder = appFolder(terminal, flags.app)
    const userToken = await accessTokenFor(folder, flags)
    const body = new TextEncoder().encode(JSON.stringify({ role, reason: flags.reason }))
    const answer = await localApi(folder).call({ method: 'POST', path: '/v1/elevation', body, userToken })
    const asked = elevationIn(answer)
    const next = `sallyport approve --as USER ${textIn(asked, 'id') ?? 'ID'}`
    const text = `${showElevation(asked)}\nanother person approves with: ${next}`
    return { exit: 'ok', json: asked, text }
  }),
})

/** `approve ID`: grants what another person asked for. */
export const approve: Command<Terminal> = buildCommand<CommonFlags & UserFlags, [id: string], Terminal>({
  docs: { brief: 'Approve what another person asked for; your own requests are refused' },
  parameters: {
    flags: { ...commonFlags, ...userFlags },
    positional: { kind: 'tuple', parameters: [{ brief: 'Id of the request', parse: String, placeholder: 'ID' }] },
  },
  func: answering(async (terminal, flags, id) => {
    const folder = appFolder(terminal, flags.app)
    const userToken = await accessTokenFor(folder, flags)
    const path = `/v1/elevation/${encodeURIComponent(id)}/approve`
    const approved = elevationIn(await localApi(folder).call({ method: 'POST', path, userToken }))
    return { exit: 'ok', json: approved, text: showElevation(approved) }
  }),
})

/** `requests`: what was asked for, and what became of it. */
export const requests: Command<Terminal> = buildCommand<CommonFlags, [], Terminal>({
  docs: { brief: 'List the requests for elevation' },
  parameters: { flags: commonFlags },
  func: answering(async (terminal, flags) => {
    const answer = await localApi(appFolder(terminal, flags.app)).call({ method: 'GET', path: '/v1/elevation' })
    const list: unknown = isRecord(answer) ? answer['requests'] : answer
    const known = Array.isArray(list) ? list.filter(isRecord) : []
    const none = paintFor(terminal).faint('no requests')
    return { exit: 'ok', json: known, text: known.length === 0 ? none : known.map(showElevation).join('\n') }
  }),
})

function elevationIn(answer: unknown): Readonly<Record<string, unknown>> {
  const inner = isRecord(answer) ? (answer['request'] ?? answer) : {}
  return isRecord(inner) ? inner : {}
}

function showElevation(elevation: Readonly<Record<string, unknown>>): string {
  const until =
    typeof elevation['expiresAt'] === 'number' ? ` until ${new Date(elevation['expiresAt']).toISOString()}` : ''
  const reason = textIn(elevation, 'reason')
  const subject = (textIn(elevation, 'subject') ?? '?').replace(/^arn:.*user\//, '')
  const [id, role, state] = ['id', 'role', 'state'].map((name) => textIn(elevation, name))
  const why = reason === undefined ? '' : `: ${reason}`
  return `${id ?? '?'}  ${subject} -> ${role ?? '?'}  ${state ?? 'requested'}${until}${why}`
}
