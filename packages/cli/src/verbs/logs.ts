import { SallyportError } from '@sallyport/core/access'
import { loadManifest } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { mustBeFunction, surroundings } from '../load-app.ts'
import { keptOutput } from '../kept-output.ts'
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
    fullDescription:
      'With --json each line is one JSON object, as it comes. ' +
      'Where no server runs, the last lines of the one before are shown.',
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
    const paint = paintFor(terminal)
    let any = false
    for await (const line of flags.follow ? linesOf(folder, '?follow=1') : recentLines(terminal, folder)) {
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

function linesOf(folder: string, query = ''): AsyncGenerator<string> {
  return localApi(folder).lines(`/v1/logs${query}`)
}

/** Those of the server that runs; else what the one before left, whose end somebody may be looking for. */
async function* recentLines(terminal: Terminal, folder: string): AsyncGenerator<string> {
  try {
    yield* linesOf(folder)
  } catch (error) {
    const kept = error instanceof SallyportError && error.code === 'cli.not_running' ? keptOutput(folder) : undefined
    if (kept === undefined) throw error
    terminal.process.stderr.write('no server runs; the last lines of the one before:\n')
    yield* kept
  }
}

function showLine(line: Readonly<Record<string, unknown>>, paint: Paint): string {
  const at = new Date(Number(line['at'])).toISOString().slice(11, 23)
  const transaction = (textIn(line, 'transaction') ?? '-').slice(0, 8)
  // Adversary: a function that writes escape sequences, or lines of another function, to whoever reads its log.
  const text = setIn(textIn(line, 'text') ?? '')
  const shown = line['stream'] === 'stderr' ? paint.bad(text) : text
  return `${paint.faint(`${at} ${transaction}`)} ${textIn(line, 'functionName') ?? '?'} ${shown}`
}
