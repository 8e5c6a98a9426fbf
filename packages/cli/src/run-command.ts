import { commandLine } from '@sallyport/core/access'
import {
  type Application,
  buildApplication,
  type CommandContext,
  type DocumentedCommand,
  ExitCode,
  generateHelpTextForAllCommands,
  proposeCompletions,
  type RouteMap,
  run,
  type StricliProcess,
  text_en,
} from '@stricli/core'

import { commands, verbs } from './commands.ts'
import { exitCodes } from './exit-codes.ts'
import { describeBadArguments, didYouMean } from './help/bad-arguments.ts'
import { overview } from './help/overview.ts'
import { wrapHelp } from './help/wrap-help.ts'
import { printable, shownJson } from './printable.ts'
import type { Output, Terminal } from './terminal.ts'
import { completeRoute } from './verbs/completion.ts'

/** The command line as Stricli reads it: every verb, every flag; what it does not know is an error, put into `say`. */
function applicationThat(say: (fault: string) => string): Application<Terminal> {
  return buildApplication(commands, {
    name: 'sallyport',
    versionInfo: { currentVersion: '0.1.0' },
    scanner: {
      caseStyle: 'allow-kebab-for-camel',
      allowArgumentEscapeSequence: true,
      // A word that shares a letter or two with another is not meant for it.
      distanceOptions: { threshold: 3, weights: { insertion: 1, deletion: 3, substitution: 2, transposition: 0 } },
    },
    documentation: { caseStyle: 'convert-camel-to-kebab', onlyRequiredInUsageLine: false },
    localization: {
      text: {
        ...text_en,
        briefs: {
          ...text_en.briefs,
          help: 'Print this',
          version: 'Print the version',
          argumentEscapeSequence: 'What follows is no flag, whatever it begins with',
        },
        exceptionWhileParsingArguments: (error) => say(describeBadArguments(error)),
        noCommandRegisteredForInput: ({ input, corrections }) =>
          say(`there is no command ${input}${didYouMean(corrections.map((one) => one.replaceAll('`', '')))}`),
      },
    },
  })
}

/** Every command with its own help text, for the documents. */
export function helpTexts(): readonly DocumentedCommand[] {
  // Help is made from the definitions; no command runs, so none asks for more than this context.
  const application = applicationThat(String) as unknown as Application<CommandContext>
  return generateHelpTextForAllCommands(application).map(([route, help]) => [route, wrapHelp(help)])
}

/** Runs one command line. Leaves its exit code in `terminal.process`; `exit-codes.ts` says what each means. */
export async function runCommand(inputs: readonly string[], terminal: Terminal): Promise<void> {
  const { stdout } = terminal.process
  if (inputs[0] === completeRoute) return complete(inputs.slice(1), terminal)
  if (inputs.length === 0 || (inputs.length === 1 && isHelp(inputs[0]))) {
    stdout.write(overview(verbs))
    terminal.process.exitCode = exitCodes.ok.code
    return
  }
  const flags = inputs.slice(0, inputs.includes('--') ? inputs.indexOf('--') : inputs.length)
  const faults: string[] = []
  const application = applicationThat((fault) => {
    const message = printable(fault)
    faults.push(message)
    return `sallyport: ${message} (cli.usage)`
  })
  // Stricli leaves a code alone that is set already, and that is the one that the verb set.
  const process: StricliProcess & Terminal['process'] = {
    stdout: flags.some(isHelp) || namesVerbsOnly(flags) ? wrapping(stdout) : stdout,
    stderr: terminal.process.stderr,
    env: { ...terminal.process.env, STRICLI_SKIP_VERSION_CHECK: '1', STRICLI_NO_COLOR: '1' },
    exitCode: null,
  }
  await run(application, inputs, { ...terminal, process })
  if (faults.length > 0) {
    const fix = commandLine('sallyport', ...verbIn(inputs), '--help')
    const error = { code: 'cli.usage', message: faults.join('; '), fix }
    terminal.process.stderr.write(`  fix: ${fix}\n`)
    if (flags.includes('--json')) stdout.write(`${shownJson({ error }) ?? ''}\n`)
  }
  terminal.process.exitCode = documented(Number(process.exitCode ?? 0))
}

function isHelp(word: string | undefined): boolean {
  return word === '--help' || word === '-h'
}

/** Where help was asked for, nothing but help is written. */
function wrapping(output: Output): Output {
  return { write: (text) => output.write(wrapHelp(text)) }
}

/** The verb of a command line, and which of a verb's own, as far as they are known. */
function verbIn([first = '', second = '']: readonly string[]): readonly string[] {
  const target = commands.getRoutingTargetForInput(first)
  if (target === undefined) return []
  return isMap(target) && target.getRoutingTargetForInput(second) !== undefined ? [first, second] : [first]
}

/** `sallyport user` alone prints what there is of it. */
function namesVerbsOnly([first = '', ...more]: readonly string[]): boolean {
  const target = commands.getRoutingTargetForInput(first)
  return target !== undefined && isMap(target) && more.length === 0
}

function isMap(target: object): target is RouteMap<Terminal> {
  return 'getRoutingTargetForInput' in target
}

/** Stricli's own codes are negative; a script sees only those that we document. */
function documented(code: number): number {
  if (code === ExitCode.UnknownCommand || code === ExitCode.InvalidArgument) return exitCodes.usage.code
  return code < 0 ? exitCodes.internal.code : code
}

/** One proposal per line for the last word given. */
async function complete(words: readonly string[], terminal: Terminal): Promise<void> {
  const proposals = await proposeCompletions(applicationThat(String), words, {
    ...terminal,
    process: { ...terminal.process, exitCode: 0 },
  })
  // Flags only once a dash is typed: until then they would bury the names that a verb takes.
  const dash = words.at(-1)?.startsWith('-') === true
  for (const { completion } of proposals)
    if (dash || !completion.startsWith('-')) terminal.process.stdout.write(`${completion}\n`)
}
