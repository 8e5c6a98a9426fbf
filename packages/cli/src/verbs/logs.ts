import { SallyportError } from '@sallyport/core/access'
import { type Loaded, loadManifest } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { surroundings } from '../load-app.ts'
import { isRecord, localApi, textIn } from '../local-api.ts'
import { escaped, setIn } from '../printable.ts'
import { appFolder, paintFor, type Paint, type Terminal } from '../terminal.ts'

interface Flags extends CommonFlags {
  readonly follow: boolean
}

/** `logs [-f] [FUNCTION]`: what the functions wrote, each line with its transaction. */
export const logs: Command<Terminal> = buildCommand<Flags, [name?: string], Terminal>({
  docs: {
    brief: 'Show what the functions wrote, with the transaction of each line',
    fullDescription: 'With --json each line is one JSON object, as it comes.',
  },
  parameters: {
    flags: {
      ...commonFlags,
      follow: { kind: 'boolean', brief: 'Go on as new lines come', default: false, withNegated: false },
    },
    aliases: { f: 'follow' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Only this function', parse: String, placeholder: 'FUNCTION', optional: true }],
    },
  },
  func: answering(async (terminal, flags, name) => {
    const folder = appFolder(terminal, flags.app)
    const api = localApi(folder)
    const paint = paintFor(terminal)
    let any = false
    for await (const line of api.lines(`/v1/logs${flags.follow ? '?follow=1' : ''}`)) {
      if (line === '') continue
      const value: unknown = JSON.parse(line)
      if (!isRecord(value) || (name !== undefined && value['functionName'] !== name)) continue
      any = true
      terminal.process.stdout.write(`${flags.json ? escaped(line) : showLine(value, paint)}\n`)
    }
    // One that is gone from the manifest may have written lines; one that never was has none.
    if (!any && name !== undefined) mustBeFunction(name, loadManifest(folder, surroundings(terminal)))
    return { exit: 'ok', json: undefined, text: '' }
  }),
})

function mustBeFunction(name: string, loaded: Loaded): void {
  const names = loaded.ok ? loaded.app.functions.map((one) => one.name) : [name]
  if (names.includes(name)) return
  throw new SallyportError('cli.unknown_name', `there is no function ${name}; the functions are ${names.join(', ')}`)
}

function showLine(line: Readonly<Record<string, unknown>>, paint: Paint): string {
  const at = new Date(Number(line['at'])).toISOString().slice(11, 23)
  const transaction = (textIn(line, 'transaction') ?? '-').slice(0, 8)
  // Adversary: a function that writes escape sequences, or lines of another function, to whoever reads its log.
  const text = setIn(textIn(line, 'text') ?? '')
  const shown = line['stream'] === 'stderr' ? paint.bad(text) : text
  return `${paint.faint(`${at} ${transaction}`)} ${textIn(line, 'functionName') ?? '?'} ${shown}`
}
