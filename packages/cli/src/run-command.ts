import {
  type Application,
  buildApplication,
  type CommandContext,
  type DocumentedCommand,
  ExitCode,
  generateHelpTextForAllCommands,
  proposeCompletions,
  run,
  type StricliProcess,
  text_en,
} from '@stricli/core'

import { commands } from './commands.ts'
import { exitCodes } from './exit-codes.ts'
import { printable } from './printable.ts'
import type { Terminal } from './terminal.ts'
import { completeRoute } from './verbs/completion.ts'

/** The command line as Stricli reads it: every verb, every flag; a flag that it does not know is an error. */
export const application: Application<Terminal> = buildApplication(commands, {
  name: 'sallyport',
  versionInfo: { currentVersion: '0.1.0' },
  scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
  documentation: { caseStyle: 'convert-camel-to-kebab', onlyRequiredInUsageLine: false },
  localization: { text: { ...text_en, exceptionWhileParsingArguments: describeBadArguments } },
})

/** Every command with its own help text, for the documents. */
export function helpTexts(): readonly DocumentedCommand[] {
  // Help is made from the definitions; no command runs, so none asks for more than this context.
  return generateHelpTextForAllCommands(application as unknown as Application<CommandContext>)
}

function describeBadArguments(error: unknown): string {
  const why = printable(error instanceof Error ? error.message : String(error))
  return `sallyport: ${why} (cli.usage); --help lists what there is`
}

/** Runs one command line. Leaves its exit code in `terminal.process`; `exit-codes.ts` says what each means. */
export async function runCommand(inputs: readonly string[], terminal: Terminal): Promise<void> {
  if (inputs[0] === completeRoute) return complete(inputs.slice(1), terminal)
  // Stricli leaves a code alone that is set already, and that is the one that the verb set.
  const process: StricliProcess & Terminal['process'] = {
    stdout: terminal.process.stdout,
    stderr: terminal.process.stderr,
    env: { ...terminal.process.env, STRICLI_SKIP_VERSION_CHECK: '1', STRICLI_NO_COLOR: '1' },
    exitCode: null,
  }
  await run(application, inputs, { ...terminal, process })
  terminal.process.exitCode = documented(Number(process.exitCode ?? 0))
}

/** Stricli's own codes are negative; a script sees only those that we document. */
function documented(code: number): number {
  if (code === ExitCode.UnknownCommand || code === ExitCode.InvalidArgument) return exitCodes.usage.code
  return code < 0 ? exitCodes.internal.code : code
}

/** One proposal per line for the last word given. */
async function complete(words: readonly string[], terminal: Terminal): Promise<void> {
  const proposals = await proposeCompletions(application, words, {
    ...terminal,
    process: { ...terminal.process, exitCode: 0 },
  })
  // Flags only once a dash is typed: until then they would bury the names that a verb takes.
  const dash = words.at(-1)?.startsWith('-') === true
  for (const { completion } of proposals)
    if (dash || !completion.startsWith('-')) terminal.process.stdout.write(`${completion}\n`)
}
