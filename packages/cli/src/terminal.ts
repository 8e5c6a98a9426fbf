import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

import { commandLine, SallyportError } from '@sallyport/core/access'
import type { CommandContext } from '@stricli/core'

/** A stream that the command writes to: the process's own, or a test's. */
export interface Output {
  write(text: string): void
  readonly isTTY?: boolean
}

/** What a command knows of the world around it. */
export interface Terminal extends CommandContext {
  readonly process: {
    readonly stdout: Output
    readonly stderr: Output
    readonly env: Readonly<Record<string, string | undefined>>
    exitCode?: number | string | null | undefined
  }
  readonly cwd: string
  /** What was piped in, whole; the secret of `secret set`, or an event. */
  readonly readInput: () => Promise<Uint8Array>
  /** The same as it comes, for whoever answers before it ends. */
  readonly input: () => AsyncIterable<Uint8Array>
  /** Asks a yes-or-no question; undefined when nobody is there to answer. */
  readonly ask: (question: string) => Promise<boolean | undefined>
  /** Has something typed, without the blanks around it; undefined when nobody is there to type. */
  readonly type: (question: string) => Promise<string | undefined>
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

/** Colours for a person at a terminal; for a pipe, or under NO_COLOR (no-color.org), the text as it is. */
export interface Paint {
  good(text: string): string
  bad(text: string): string
  faint(text: string): string
  strong(text: string): string
}

/** The colours that suit where the output goes. */
export function paintFor({ process }: Terminal): Paint {
  const on = process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
  const style =
    (code: number) =>
    (text: string): string =>
      on ? `\u001B[${code}m${text}\u001B[0m` : text
  return { good: style(32), bad: style(31), faint: style(2), strong: style(1) }
}

/** The folder of the app: the one named, or the nearest at or above the working folder that holds a manifest. */
export function appFolder(terminal: Terminal, named: string | undefined): string {
  if (named !== undefined) {
    const path = resolve(terminal.cwd, named)
    const isFile = statSync(path, { throwIfNoEntry: false })?.isDirectory() === false
    // Whoever names the manifest means its app.
    const folder = isFile && basename(path) === 'sallyport.yaml' ? dirname(path) : path
    if (isFile && folder === path) throw new SallyportError('cli.no_app', `${named} is no folder`)
    if (existsSync(join(folder, 'sallyport.yaml'))) return folder
    throw new SallyportError('cli.no_app', `${named} holds no sallyport.yaml`, {
      fix: commandLine('sallyport', 'init', folder),
    })
  }
  for (let folder = terminal.cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'sallyport.yaml'))) return folder
    if (folder === dirname(folder)) break
  }
  throw new SallyportError('cli.no_app', 'there is no sallyport.yaml here or in a folder above', {
    fix: commandLine('sallyport', 'init'),
  })
}

/** The state folder that a running server keeps beside the manifest. */
export function stateFolder(folder: string): string {
  return join(folder, '.sallyport')
}
