import { createReadStream, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

import { loadCatalogue } from '@sallyport/aws'
import { SallyportError } from '@sallyport/core/access'
import { type Answer, makeAnswerer } from '@sallyport/core/policy'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags } from '../answer.ts'
import { linesOf } from '../lines.ts'
import type { Terminal } from '../terminal.ts'

/** Bytes of one query. */
const mostBytes = 16 * 1024 * 1024

/** `decide FILE`: one answer of the policy engine, or one a line. Needs no app and no server. */
export const decide: Command<Terminal> = buildCommand<
  { readonly json: boolean; readonly jsonl: boolean },
  [file: string],
  Terminal
>({
  docs: {
    brief: 'Decide a request under IAM policies, given together as JSON',
    fullDescription:
      'FILE holds a query: policies of every layer and a request, as docs/decide.md describes it; - is standard ' +
      'input. With --jsonl every line is a query and is answered on a line, in order; empty lines are passed over. ' +
      'A faulty query is answered with its faults, and counts as denied. Exits with 0 when the one query is allowed ' +
      'or when a stream was answered to its end, with 1 when it is denied, with 2 when it is faulty.',
    customUsage: [
      { input: 'query.json', brief: 'one query' },
      { input: '--jsonl - <queries.jsonl', brief: 'a stream of them' },
    ],
  },
  parameters: {
    flags: {
      json: commonFlags.json,
      jsonl: { kind: 'boolean', brief: 'Answer every line by itself', default: false, withNegated: false },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'File with the query, or - for standard input', parse: String, placeholder: 'FILE' }],
    },
  },
  func: answering(async (terminal, { jsonl }, file) => {
    if (jsonl) return answerLines(terminal, file)
    const text = file === '-' ? await terminal.readInput() : readFileSync(existing(terminal, file))
    const answer = makeAnswerer(await loadCatalogue())(Buffer.from(text).toString())
    const exit = answer.error !== undefined ? 'usage' : answer.effect === 'allow' ? 'ok' : 'refused'
    return { exit, json: answer, text: JSON.stringify(answer, undefined, 2) }
  }),
})

async function answerLines(terminal: Terminal, file: string) {
  const answer = makeAnswerer(await loadCatalogue())
  const stream =
    file === '-' ? terminal.input() : createReadStream(existing(terminal, file), { highWaterMark: 1 << 18 })
  for await (const lines of linesOf(stream, mostBytes)) {
    let text = ''
    for (const line of lines) {
      if (line === undefined) text += `${JSON.stringify(unreadable)}\n`
      else if (line.trim() !== '') text += `${JSON.stringify(answer(line))}\n`
    }
    if (text !== '') terminal.process.stdout.write(text)
  }
  // The answers are out already; there is nothing to add.
  return { exit: 'ok', json: undefined, text: '' } as const
}

const message = `the line is longer than ${mostBytes} bytes, or is not UTF-8`
const unreadable: Answer = {
  effect: 'deny',
  explicit: false,
  layer: 'none',
  reasons: [],
  error: {
    code: 'policy.too_large',
    message,
    faults: [{ code: 'policy.too_large', message, policy: 'query', path: '', line: 1, column: 1 }],
  },
}

function existing(terminal: Terminal, file: string): string {
  const path = resolve(terminal.cwd, file)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return path
  throw new SallyportError('cli.usage', `there is no file ${file}`)
}
