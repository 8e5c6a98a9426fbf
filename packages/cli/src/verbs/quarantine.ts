import { SallyportError } from '@sallyport/core/access'
import { buildCommand, type Command } from '@stricli/core'

import { type Answer, answering, commonFlags, type CommonFlags } from '../answer.ts'
import { askerFor, type UserFlags, userFlags } from '../as-user.ts'
import { isRecord, localApi, textIn } from '../local-api.ts'
import { oneLine } from '../printable.ts'
import { appFolder, type Terminal } from '../terminal.ts'

interface Flags extends CommonFlags, UserFlags {
  readonly reason: string
}

const reason = { kind: 'parsed', parse: String, brief: 'Why; part of the record', placeholder: 'TEXT' } as const
const what = {
  brief: 'A function, or user/NAME (user/ISSUER:NAME for others)',
  parse: String,
  placeholder: 'WHAT',
} as const

/** `quarantine WHAT --reason TEXT`: shuts a person or a function off. Without WHAT: who and what is. */
export const quarantine: Command<Terminal> = buildCommand<
  Partial<Pick<Flags, 'reason'>> & Omit<Flags, 'reason'>,
  [what?: string],
  Terminal
>({
  docs: {
    brief: 'Shut a person or a function off until it is released; without WHAT, list what is',
    fullDescription:
      'Whatever rests on it ends at once, boxes of the function too; every request that it stands in the way of is ' +
      'refused with quarantine.user, quarantine.function or quarantine.device. It outlives a restart. For those whom ' +
      '`administration: users` names.',
  },
  parameters: {
    flags: { ...commonFlags, ...userFlags, reason: { ...reason, optional: true } },
    positional: { kind: 'tuple', parameters: [{ ...what, optional: true }] },
  },
  func: answering(async (terminal, given, target) => {
    if (target === undefined) return listed(terminal, given)
    if (given.reason === undefined) throw new SallyportError('cli.usage', 'say why: --reason TEXT')
    const held = await act(terminal, { ...given, reason: given.reason }, '/v1/quarantine', target)
    return { exit: 'ok', json: { target: held }, text: `${held} is in quarantine` }
  }),
})

async function listed(terminal: Terminal, given: CommonFlags & UserFlags): Promise<Answer> {
  const folder = appFolder(terminal, given.app)
  const asker = await askerFor(terminal, folder, given)
  const body = new TextEncoder().encode('{}')
  const answer = await localApi(folder).call({ method: 'POST', path: '/v1/quarantine/list', body, ...asker })
  const found: unknown = isRecord(answer) ? answer['quarantined'] : undefined
  const held = Array.isArray(found) ? found.filter(isRecord) : []
  return { exit: 'ok', json: held, text: held.length === 0 ? 'nothing is in quarantine' : held.map(show).join('\n') }
}

/** `release WHAT --reason TEXT`: the end of a quarantine. */
export const release: Command<Terminal> = buildCommand<Flags, [what: string], Terminal>({
  docs: { brief: 'Let a person or a function in again; sign-ins from before stay ended' },
  parameters: {
    flags: { ...commonFlags, ...userFlags, reason },
    positional: { kind: 'tuple', parameters: [what] },
  },
  func: answering(async (terminal, given, wanted) => {
    const target = await act(terminal, given, '/v1/quarantine/release', wanted)
    return { exit: 'ok', json: { target }, text: `${target} is released` }
  }),
})

async function act(terminal: Terminal, given: Flags, path: string, target: string): Promise<string> {
  const folder = appFolder(terminal, given.app)
  const asker = await askerFor(terminal, folder, given)
  const body = new TextEncoder().encode(JSON.stringify({ target, reason: given.reason }))
  const answer = await localApi(folder).call({ method: 'POST', path, body, ...asker })
  return (isRecord(answer) ? textIn(answer, 'target') : undefined) ?? target
}

function show({ target, at, by, reason: why }: Readonly<Record<string, unknown>>): string {
  const who = String(by).replace(/^arn:.*user\//, '')
  return `${String(target)}  since ${new Date(Number(at)).toISOString()}  by ${who}: ${oneLine(String(why))}`
}
