import { createHash } from 'node:crypto'
import { realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { SallyportError } from '@sallyport/core/access'
import {
  type App,
  type AskGuests,
  checkApp,
  checkCeilings,
  compileApp,
  type CompiledApp,
  type Fault,
  type Loaded,
  type LoadedApp,
  loadManifest,
  manifestFile,
  readPlainFile,
  type Surroundings,
} from '@sallyport/manifest'

import type { Answer } from './answer.ts'
import { printable } from './printable.ts'
import type { Terminal } from './terminal.ts'

/** A manifest in the form in which verbs ask it. Its own statements (`only`, `expect`) are not checked yet. */
export interface Opened {
  readonly app: App
  readonly compiled: CompiledApp
}

/** Reads and compiles a manifest, and answers with what `use` makes of it, or with every fault that it has. */
export async function withApp(
  terminal: Terminal,
  folder: string,
  use: (opened: Opened) => Answer | Promise<Answer>,
): Promise<Answer> {
  const loaded = loadManifest(folder, surroundings(terminal))
  if (!loaded.ok) return faultsAnswer(loaded.faults, 'usage')
  const compiled = compileApp(loaded.app)
  const beyond = checkCeilings(compiled, loaded.app)
  return beyond.length > 0 ? faultsAnswer(beyond, 'usage') : use({ app: loaded.app, compiled })
}

/**
 * Lets `use` ask the app's guests, which run for as long as that takes. Their engines are loaded only where there are
 * some. Throws `guest.unloadable`.
 */
export async function withGuests<Result>(
  { guests = [] }: App,
  tell: (line: string) => void,
  use: (ask: AskGuests) => Promise<Result>,
): Promise<Result> {
  if (guests.length === 0) return use((asked) => Promise.resolve(asked))
  const { openGuests } = await import('@sallyport/guests')
  const running = await openGuests(guests, tell)
  try {
    return await use(running.suppose)
  } finally {
    await running.close()
  }
}

/** Throws `cli.unknown_name` for a function that a manifest does not have; one that does not load says nothing. */
export function mustBeFunction(name: string, loaded: Loaded): void {
  const names = loaded.ok ? loaded.app.functions.map((one) => one.name) : [name]
  if (names.includes(name)) return
  throw new SallyportError('cli.unknown_name', `there is no function ${name}; the functions are ${names.join(', ')}`)
}

/** Reads, compiles and checks an app, its worked examples in the presence of its guests. */
export async function loadWithGuests(
  folder: string,
  from: Surroundings,
  tell: (line: string) => void,
): Promise<LoadedApp> {
  const loaded = loadManifest(folder, from)
  return loaded.ok ? withGuests(loaded.app, tell, (ask) => checkApp(loaded.app, ask)) : loaded
}

/** What a guest's process comes to, told as errors are. */
export function toStderr({ process }: Terminal): (line: string) => void {
  return (line) => process.stderr.write(`${printable(line)}\n`)
}

/** What the loader needs from this machine. */
export function surroundings(terminal: Terminal): Surroundings {
  return {
    readFile: (path) => ifThere(() => readPlainFile(path).toString('utf8')),
    readBytes: (path) => ifThere(() => readPlainFile(path)),
    realpath: (path) => ifThere(() => realpathSync(path)),
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    environment: terminal.process.env,
  }
}

/** The same, with another file in the place of one folder's manifest: `diff old.yaml new.yaml`. */
export function surroundingsWith(
  terminal: Terminal,
  manifest: string,
): { readonly folder: string; readonly surroundings: Surroundings } {
  const usual = surroundings(terminal)
  if (ifThere(() => statSync(manifest).isDirectory()) === true) return { folder: manifest, surroundings: usual }
  const folder = ifThere(() => realpathSync(dirname(manifest))) ?? dirname(manifest)
  const standsAt = join(folder, manifestFile)
  const swap = (path: string): string => (path === standsAt ? manifest : path)
  return {
    folder,
    surroundings: {
      ...usual,
      readFile: (path) => usual.readFile(swap(path)),
      realpath: (path) =>
        path === standsAt ? ifThere(() => realpathSync(manifest)) && standsAt : usual.realpath(path),
    },
  }
}

/** Every fault, one per line: where, which rule, what to write instead. */
export function faultsAnswer(faults: readonly Fault[], exit: Answer['exit']): Answer {
  const lines = faults.map(
    ({ file, line, column, code, message, suggestion }) =>
      `${file}:${line}:${column}: ${message} (${code})${suggestion === undefined ? '' : `\n  try: ${suggestion}`}`,
  )
  return { exit, json: { faults }, text: lines.join('\n') }
}

/** A name that the manifest does not know, with the one that was probably meant. */
export function unknownName(of: { readonly message: string; readonly suggestion?: string }): SallyportError {
  const clause = of.message.replace(/^There/, 'there').replace(/\.$/, '')
  return new SallyportError('cli.unknown_name', of.suggestion === undefined ? clause : `${clause}; ${of.suggestion}`)
}

/** What says that nothing can be read there; the loader then tells which file, and what to do. */
const unreadable = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG'])

function ifThere<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && 'code' in error && unreadable.has(String(error.code))) return undefined
    throw error
  }
}
