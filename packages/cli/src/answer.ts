import { commandLine, SallyportError } from '@sallyport/core/access'
import type { CommandFunction, FlagParametersForType } from '@stricli/core'

import { type Exit, exitCodes } from './exit-codes.ts'
import { shown, shownJson } from './printable.ts'
import { explainSystemError } from './system-error.ts'
import type { Terminal } from './terminal.ts'

/** What a verb found: the same facts for a person and for a program. */
export interface Answer {
  /** A number is the exit code of a program that ran in our place. */
  readonly exit: Exit | number
  /** For `--json`. */
  readonly json: unknown
  /** For a person; no line break at the end. Empty prints nothing. */
  readonly text: string
}

/** The flags that every verb has. */
export interface CommonFlags {
  readonly json: boolean
  readonly app?: string
}

/** Their definition, to spread into a verb's own. */
export const commonFlags: FlagParametersForType<CommonFlags, Terminal> = {
  json: { kind: 'boolean', brief: 'Print JSON, for programs', default: false, withNegated: false },
  app: {
    kind: 'parsed',
    parse: String,
    brief: 'Folder of the app; by default the nearest one upwards with a sallyport.yaml',
    placeholder: 'FOLDER',
    optional: true,
  },
}

const exitOfCode: Readonly<Record<string, Exit>> = {
  'cli.not_running': 'unreachable',
  'cli.no_answer': 'unreachable',
  'cli.foreign_state': 'unreachable',
  'cli.no_such_id': 'refused',
  'cli.refused': 'refused',
  'cli.part_missing': 'missing',
  'cli.system': 'internal',
}

/** Turns what a verb finds into output and an exit code, the same way for all of them. Errors too are answers. */
export function answering<
  Flags extends object & { readonly json?: boolean; readonly app?: string },
  Args extends readonly unknown[],
>(run: (terminal: Terminal, flags: Flags, ...args: Args) => Promise<Answer>): CommandFunction<Flags, Args, Terminal> {
  return async function (flags, ...args) {
    let answer: Answer
    try {
      answer = await run(this, flags, ...args)
    } catch (error) {
      answer = answerToError(error)
      if (flags.json !== true) {
        this.process.stderr.write(`${shown(fixesIn(answer.text, flags.app))}\n`)
        this.process.exitCode = codeOf(answer)
        return
      }
    }
    // Undefined: the verb has written what it had to say itself.
    if (flags.json === true && answer.json === undefined) return void (this.process.exitCode = codeOf(answer))
    if (flags.json === true) this.process.stdout.write(`${shownJson(answer.json)}\n`)
    else if (answer.text !== '') this.process.stdout.write(`${shown(fixesIn(answer.text, flags.app))}\n`)
    this.process.exitCode = codeOf(answer)
  }
}

/** Whoever named the app's folder stands elsewhere, so what is to be pasted there has to name it too. */
function fixesIn(text: string, app: string | undefined): string {
  if (app === undefined) return text
  return text.replaceAll(
    /^ *fix: sallyport (?!up |dev |init|doctor|.* --app ).+$/gm,
    (line) => `${line} ${commandLine('--app', app)}`,
  )
}

function codeOf({ exit }: Answer): number {
  return typeof exit === 'number' ? exit : exitCodes[exit].code
}

function answerToError(failure: unknown): Answer {
  const error = explainSystemError(failure)
  if (error instanceof SallyportError) {
    const { code, message, fix } = error
    const text = `sallyport: ${message} (${code})${fix === undefined ? '' : `\n  fix: ${fix}`}`
    return { exit: exitOfCode[code] ?? 'usage', json: { error: { code, message, fix } }, text }
  }
  // Not one of ours: a broken promise of this program. The stack helps whoever mends it.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { exit: 'internal', json: { error: { code: 'cli.internal', message: String(error) } }, text }
}
