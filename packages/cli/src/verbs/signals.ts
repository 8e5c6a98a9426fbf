import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { askerFor, type UserFlags, userFlags } from '../as-user.ts'
import { isRecord, localApi, textIn } from '../local-api.ts'
import { appFolder, type Terminal } from '../terminal.ts'

/** `signals`: for those whom `administration: users` names. */
export const signals: Command<Terminal> = buildCommand<CommonFlags & UserFlags, [], Terminal>({
  docs: {
    brief: 'Show which signal streams are heard, and of whom they said what',
    fullDescription:
      'A stream that was silent for longer than its `silence` is stale: roles with `signals: fresh` do not count then.',
  },
  parameters: { flags: { ...commonFlags, ...userFlags } },
  func: answering(async (terminal, flags) => {
    const folder = appFolder(terminal, flags.app)
    const asker = await askerFor(terminal, folder, flags)
    const body = new TextEncoder().encode('{}')
    const answer = await localApi(folder).call({ method: 'POST', path: '/v1/signals/list', body, ...asker })
    const lines = [...listIn(answer, 'streams').map(streamLine), ...listIn(answer, 'people').map(personLine)]
    return { exit: 'ok', json: answer, text: lines.length === 0 ? 'no streams are declared' : lines.join('\n') }
  }),
})

function listIn(answer: unknown, name: string): readonly Readonly<Record<string, unknown>>[] {
  const list: unknown = isRecord(answer) ? answer[name] : undefined
  return Array.isArray(list) ? list.filter(isRecord) : []
}

function streamLine(stream: Readonly<Record<string, unknown>>): string {
  const at = stream['heardAt']
  const heard = typeof at === 'number' ? `heard ${new Date(at).toISOString()}` : 'never heard'
  const state = stream['fresh'] === true ? 'fresh' : 'stale'
  const [name, of, delivery] = ['name', 'of', 'delivery'].map((member) => textIn(stream, member) ?? '?')
  return `${name}  of ${of}  ${delivery}  ${state}, ${heard}`
}

function personLine(person: Readonly<Record<string, unknown>>): string {
  const { risk, compliant } = person
  const said = [
    ...(typeof risk === 'string' ? [`risk ${risk}`] : []),
    ...(typeof compliant === 'boolean' ? [compliant ? 'device compliant' : 'device not compliant'] : []),
  ]
  return `${textIn(person, 'target') ?? '?'}  ${said.join(', ')}`
}
