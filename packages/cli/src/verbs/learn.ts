import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { commandLine, SallyportError } from '@sallyport/core/access'
import {
  accessDiff,
  type App,
  applyProposal,
  loadApp,
  manifestFile,
  parseSeen,
  type Proposal,
  propose,
  type SeenExit,
  type Surroundings,
  type Unproposed,
} from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { type Answer, answering, commonFlags, type CommonFlags } from '../answer.ts'
import { replaceFile, withText } from '../edit-manifest.ts'
import { faultsAnswer, loadWithGuests, surroundings, toStderr, withApp } from '../load-app.ts'
import { shown } from '../printable.ts'
import { appFolder, type Paint, paintFor, stateFolder, type Terminal } from '../terminal.ts'
import { showDiff } from './diff.ts'

interface Flags extends CommonFlags {
  readonly yes: boolean
  readonly host?: readonly string[]
  readonly function?: string
}

/** `learn`: proposes what would have let through what `dev --learn` recorded, as an edit of the manifest. */
export const learn: Command<Terminal> = buildCommand<Flags, [], Terminal>({
  docs: {
    brief: 'Propose grants from what `dev --learn` recorded; shows what they change in access, and asks',
    fullDescription:
      'Reads what functions asked for while `sallyport dev --learn` ran (nothing more was let through then) and ' +
      'proposes operations of doors, with ids in paths as `:id`, lines under `can`, and request headers to accept. ' +
      'Comments and order of the file stay. A host that no door leads to yet is taken up only when its name is ' +
      'typed, or named by --host, never by --yes alone: what asks for a new host may be a dependency.',
  },
  parameters: {
    flags: {
      ...commonFlags,
      yes: { kind: 'boolean', brief: 'Do not ask; hosts still have to be named', default: false, withNegated: false },
      host: {
        kind: 'parsed',
        parse: String,
        brief: 'A new host that may be reached; may be given several times',
        placeholder: 'NAME',
        variadic: true,
        optional: true,
      },
      function: {
        kind: 'parsed',
        parse: String,
        brief: 'Only what this function asked for',
        placeholder: 'FUNCTION',
        optional: true,
      },
    },
    aliases: { y: 'yes' },
  },
  func: answering((terminal, flags) => {
    const folder = appFolder(terminal, flags.app)
    const recorded = readRecording(folder).filter(
      ({ functionName }) => flags.function === undefined || functionName === flags.function,
    )
    return withApp(terminal, folder, ({ app }) => proposeAndAsk(terminal, flags, folder, app, recorded))
  }),
})

async function proposeAndAsk(
  terminal: Terminal,
  flags: Flags,
  folder: string,
  app: App,
  recorded: readonly SeenExit[],
): Promise<Answer> {
  const paint = paintFor(terminal)
  const file = join(folder, manifestFile)
  const before = readFileSync(file, 'utf8')
  const from = surroundings(terminal)
  const { proposals, unproposed } = propose(recorded, app)
  const say = (text: string): void => void (flags.json || terminal.process.stdout.write(`${shown(text)}\n`))
  for (const { functionName, what, why } of unproposed) say(`not proposed: ${functionName}: ${what}: ${why}`)
  for (const proposal of proposals) say(showProposal(proposal, paint))

  const named = await namedHosts(terminal, flags, proposals)
  const chosen = proposals.filter((each) => each.kind === 'accept' || !each.newHost || named.has(each.newHost))
  const edit = applyAll(before, chosen, app, folder, file, from)
  const left = [...unproposed, ...edit.refused]
  for (const { functionName, what, why } of edit.refused) say(`not taken up: ${functionName}: ${what}: ${why}`)
  const json = { proposals, unproposed: left, hosts: [...named] }
  if (edit.text === before) {
    const text =
      proposals.length === 0 ? 'nothing that was recorded needs a line in the manifest' : 'nothing was taken up'
    return { exit: 'ok', json: { ...json, written: false }, text }
  }
  const loaded = await loadWithGuests(folder, withText(from, file, edit.text), toStderr(terminal))
  if (!loaded.ok) return faultsAnswer(loaded.faults, 'refused')
  const access = accessDiff(app, loaded.app)
  say([...edit.lines, showDiff(access.lines, paint)].join('\n'))
  const agreed = flags.yes || (flags.json ? false : await terminal.ask('Write this?'))
  if (agreed === undefined) {
    throw new SallyportError('cli.usage', 'nobody is here to ask', { fix: commandLine('sallyport', 'learn', '--yes') })
  }
  if (agreed) replaceFile(file, edit.text)
  const text = agreed ? `wrote ${manifestFile}` : 'nothing was changed'
  return {
    exit: agreed || flags.json ? 'ok' : 'refused',
    json: { ...json, lines: edit.lines, access, written: agreed },
    text,
  }
}

/** The new hosts that a person has named: by flag, or letter by letter at the question. */
async function namedHosts(
  terminal: Terminal,
  flags: Flags,
  proposals: readonly Proposal[],
): Promise<ReadonlySet<string>> {
  const named = new Set(flags.host)
  const hosts = new Set(proposals.flatMap((each) => (each.kind === 'grant' ? (each.newHost ?? []) : [])))
  for (const host of hosts) {
    if (named.has(host) || flags.yes || flags.json) continue
    const typed = await terminal.type(`Type ${host} to let the app reach it, or nothing to leave it out: `)
    if (typed === host) named.add(host)
  }
  return new Set([...named].filter((host) => hosts.has(host)))
}

/** One after the other, for each is written into what those before it made; what breaks a statement is left out. */
function applyAll(
  before: string,
  proposals: readonly Proposal[],
  app: App,
  folder: string,
  file: string,
  from: Surroundings,
): { readonly text: string; readonly lines: readonly string[]; readonly refused: readonly Unproposed[] } {
  const refused: Unproposed[] = []
  let text = before
  let now = app
  for (const proposal of proposals) {
    const { functionName } = proposal
    const refuse = (why: string): unknown => refused.push({ functionName, what: whatOf(proposal), why })
    const edited = applyProposal(text, proposal, now)
    if (!edited.ok) {
      refuse(edited.message)
      continue
    }
    if (edited.text === text) continue
    const loaded = loadApp(folder, withText(from, file, edited.text))
    if (!loaded.ok) {
      refuse(loaded.faults[0]?.message ?? 'the manifest would not hold')
      continue
    }
    text = edited.text
    now = loaded.app
  }
  const old = new Set(before.split(/\r?\n/))
  const lines = text
    .split(/\r?\n/)
    .flatMap((line, index) => (old.has(line) ? [] : [`${manifestFile}:${index + 1}: ${line.trim()}`]))
  return { text, lines, refused }
}

function showProposal(proposal: Proposal, paint: Paint): string {
  if (proposal.kind === 'accept') {
    return `accept: ${proposal.header} at the door ${proposal.door} (sent by ${proposal.functionName}, left behind)`
  }
  const { functionName, action, newHost, packages, seen } = proposal
  const host = newHost === undefined ? '' : paint.bad(`  new host: ${newHost}`)
  const by = packages.map((name) => `\n    asked by the npm package ${name} (advisory: read from a stack)`).join('')
  return `grant: ${functionName} ${action}${host}${seen.map((one) => `\n    seen: ${one}`).join('')}${by}`
}

function whatOf(proposal: Proposal): string {
  return proposal.kind === 'accept' ? `accept ${proposal.header} at ${proposal.door}` : proposal.action
}

function readRecording(folder: string): readonly SeenExit[] {
  const file = join(stateFolder(folder), 'learned')
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => parseSeen(line) ?? [])
  } catch (cause) {
    throw new SallyportError('cli.no_recording', `nothing was recorded in ${file}`, {
      cause,
      fix: commandLine('sallyport', 'dev', folder, '--learn'),
    })
  }
}
