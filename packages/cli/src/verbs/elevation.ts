import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { askerFor, type UserFlags, userFlags } from '../as-user.ts'
import { isRecord, localApi, textIn } from '../local-api.ts'
import { oneLine } from '../printable.ts'
import { appFolder, paintFor, type Terminal } from '../terminal.ts'

interface ReasonFlags extends CommonFlags, UserFlags {
  readonly reason: string
}

interface RequestFlags extends ReasonFlags {
  readonly breakGlass: boolean
}

const reasonFlag = { kind: 'parsed', parse: String, brief: 'Why; part of the record', placeholder: 'TEXT' } as const

/** `request ROLE --reason TEXT`: asks for a role that is held only for a while. */
export const request: Command<Terminal> = buildCommand<RequestFlags, [role: string], Terminal>({
  docs: { brief: 'Ask for a role that is held only for a while; another person approves' },
  parameters: {
    flags: {
      ...commonFlags,
      ...userFlags,
      reason: reasonFlag,
      breakGlass: {
        kind: 'boolean',
        brief: 'Do not wait for approval; briefly, and an alarm is raised',
        default: false,
        withNegated: false,
      },
    },
    positional: { kind: 'tuple', parameters: [{ brief: 'Role', parse: String, placeholder: 'ROLE' }] },
  },
  func: answering(async (terminal, flags, role) => {
    const folder = appFolder(terminal, flags.app)
    const asker = await askerFor(terminal, folder, flags)
    const body = json({ role, reason: flags.reason, ...(flags.breakGlass ? { breakGlass: true } : {}) })
    const answer = await localApi(folder).call({ method: 'POST', path: '/v1/elevation', body, ...asker })
    const asked = elevationIn(answer)
    const next = `sallyport approve --as USER ${textIn(asked, 'id') ?? 'ID'}`
    const waits = textIn(asked, 'state') !== 'granted'
    const text = `${showElevation(asked)}${waits ? `\nanother person approves with: ${next}` : ''}`
    return { exit: 'ok', json: asked, text }
  }),
})

/** `approve ID`: grants what another person asked for. */
export const approve: Command<Terminal> = buildCommand<CommonFlags & UserFlags, [id: string], Terminal>({
  docs: { brief: 'Approve what another person asked for; your own requests are refused' },
  parameters: { flags: { ...commonFlags, ...userFlags }, positional: idOfRequest() },
  func: answering(async (terminal, flags, id) => {
    const folder = appFolder(terminal, flags.app)
    const asker = await askerFor(terminal, folder, flags)
    const path = `/v1/elevation/${encodeURIComponent(id)}/approve`
    const approved = elevationIn(await localApi(folder).call({ method: 'POST', path, ...asker }))
    return { exit: 'ok', json: approved, text: showElevation(approved) }
  }),
})

/** `deny ID --reason TEXT`: answers a request with no. */
export const deny: Command<Terminal> = buildCommand<ReasonFlags, [id: string], Terminal>({
  docs: { brief: 'Deny what another person asked for' },
  parameters: { flags: { ...commonFlags, ...userFlags, reason: reasonFlag }, positional: idOfRequest() },
  func: answering(async (terminal, flags, id) => {
    const denied = await end(
      terminal,
      appFolder(terminal, flags.app),
      flags,
      `/v1/elevation/${encodeURIComponent(id)}/deny`,
    )
    return { exit: 'ok', json: denied, text: showElevation(denied) }
  }),
})

/** `revoke WHAT --reason TEXT`: ends an elevation, or everything that rests on a user, a session or a function. */
export const revoke: Command<Terminal> = buildCommand<ReasonFlags, [what: string], Terminal>({
  docs: {
    brief: 'End an elevation, or everything that rests on a user, a session or a function',
    fullDescription:
      'An elevation is named by the id of its request; its holder may end it, and so may its approvers. ' +
      'user/NAME, session/ID and function/NAME are for those whom `administration: users` names: what they hold ends ' +
      'at once, open connections included, and a user has to sign in again.',
  },
  parameters: {
    flags: { ...commonFlags, ...userFlags, reason: reasonFlag },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Id of a request, or user/NAME, session/ID, function/NAME', parse: String, placeholder: 'WHAT' },
      ],
    },
  },
  func: answering(async (terminal, flags, what) => {
    const folder = appFolder(terminal, flags.app)
    if (!what.includes('/')) {
      const ended = await end(terminal, folder, flags, `/v1/elevation/${encodeURIComponent(what)}/revoke`)
      return { exit: 'ok', json: ended, text: showElevation(ended) }
    }
    const asker = await askerFor(terminal, folder, flags)
    const body = json({ target: what, reason: flags.reason })
    const answer = await localApi(folder).call({ method: 'POST', path: '/v1/revocations', body, ...asker })
    return { exit: 'ok', json: answer, text: `${what}: everything that rested on it has ended` }
  }),
})

/** `grants`: who is elevated now. */
export const grants: Command<Terminal> = buildCommand<CommonFlags, [], Terminal>({
  docs: { brief: 'List the elevations that run now, and the approvals that may be used again' },
  parameters: { flags: commonFlags },
  func: answering(async (terminal, flags) => {
    const known = await listed(appFolder(terminal, flags.app))
    const held = known.filter((one) => ['granted', 'approved'].includes(textIn(one, 'state') ?? ''))
    const none = paintFor(terminal).faint('nobody is elevated')
    return { exit: 'ok', json: held, text: held.length === 0 ? none : held.map(showElevation).join('\n') }
  }),
})

/** `requests`: what was asked for, and what became of it. */
export const requests: Command<Terminal> = buildCommand<CommonFlags, [], Terminal>({
  docs: { brief: 'List the requests for elevation' },
  parameters: { flags: commonFlags },
  func: answering(async (terminal, flags) => {
    const known = await listed(appFolder(terminal, flags.app))
    const none = paintFor(terminal).faint('no requests')
    return { exit: 'ok', json: known, text: known.length === 0 ? none : known.map(showElevation).join('\n') }
  }),
})

async function listed(folder: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const answer = await localApi(folder).call({ method: 'GET', path: '/v1/elevation' })
  const list: unknown = isRecord(answer) ? answer['requests'] : answer
  return Array.isArray(list) ? list.filter(isRecord) : []
}

async function end(
  terminal: Terminal,
  folder: string,
  flags: ReasonFlags,
  path: string,
): Promise<Readonly<Record<string, unknown>>> {
  const asker = await askerFor(terminal, folder, flags)
  const body = json({ reason: flags.reason })
  return elevationIn(await localApi(folder).call({ method: 'POST', path, body, ...asker }))
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function idOfRequest() {
  return {
    kind: 'tuple',
    parameters: [{ brief: 'Id of the request', parse: String, placeholder: 'ID' }],
  } as const
}

function elevationIn(answer: unknown): Readonly<Record<string, unknown>> {
  const inner = isRecord(answer) ? (answer['request'] ?? answer) : {}
  return isRecord(inner) ? inner : {}
}

function showElevation(elevation: Readonly<Record<string, unknown>>): string {
  const ends = textIn(elevation, 'state') === 'approved' ? elevation['approvalEndsAt'] : elevation['expiresAt']
  const until = typeof ends === 'number' ? ` until ${new Date(ends).toISOString()}` : ''
  const { approvedBy, approvalsNeeded } = elevation
  const waits = textIn(elevation, 'state') === 'requested' && Number(approvalsNeeded) > 1
  const consents = waits && Array.isArray(approvedBy) ? ` (${approvedBy.length} of ${String(approvalsNeeded)})` : ''
  const glass = elevation['breakGlass'] === true ? ', unapproved' : ''
  const reason = textIn(elevation, 'reason')
  const subject = (textIn(elevation, 'subject') ?? '?').replace(/^arn:.*user\//, '')
  const [id, role, state] = ['id', 'role', 'state'].map((name) => textIn(elevation, name))
  const why = reason === undefined ? '' : `: ${oneLine(reason)}`
  return `${id ?? '?'}  ${subject} -> ${role ?? '?'}  ${state ?? 'requested'}${consents}${glass}${until}${why}`
}
