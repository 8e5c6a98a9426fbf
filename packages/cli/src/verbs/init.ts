import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { commandLine, SallyportError } from '@sallyport/core/access'
import { manifestFile, newManifest } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags } from '../answer.ts'
import type { Terminal } from '../terminal.ts'

interface Flags {
  readonly json: boolean
  readonly name?: string
}

/** `init [FOLDER]`: writes a small app that works as it is. Never writes over a file. */
export const init: Command<Terminal> = buildCommand<Flags, [folder?: string], Terminal>({
  docs: { brief: 'Write a small app to begin with: one function, one route, one door' },
  parameters: {
    flags: {
      json: commonFlags.json,
      name: { kind: 'parsed', parse: String, brief: "Name of the app; by default the folder's", optional: true },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Where; by default here', parse: String, placeholder: 'FOLDER', optional: true }],
    },
  },
  func: answering((terminal, flags, named) => {
    const folder = resolve(terminal.cwd, named ?? '.')
    const { name, files } = newManifest(flags.name ?? basename(folder), schemaFrom(folder))
    if (existsSync(join(folder, manifestFile))) {
      throw new SallyportError('cli.exists', `${join(folder, manifestFile)} is there already`, {
        fix: commandLine('sallyport', 'test', '--app', folder),
      })
    }
    const written: string[] = []
    const kept: string[] = []
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      if (existsSync(join(folder, path))) {
        kept.push(path)
      } else {
        writeNew(join(folder, path), text)
        written.push(path)
      }
    }
    const lines = [
      ...written.map((path) => `wrote ${path}`),
      ...kept.map((path) => `kept ${path}, which was there`),
      `next: ${commandLine('sallyport', 'up', ...(named === undefined ? [] : [named]))}`,
      `then, in another terminal: ${firstCall(named)}`,
    ]
    return Promise.resolve({ exit: 'ok', json: { name, folder, written, kept }, text: lines.join('\n') })
  }),
})

/** A path that editors follow, to the schema of the manifests that this command reads. */
function schemaFrom(folder: string): string {
  const schema = join(dirname(fileURLToPath(import.meta.resolve('@sallyport/manifest'))), '../sallyport.schema.json')
  const path = relative(folder, schema)
  return path.startsWith('../') ? path : `./${path}`
}

/** Whole or not at all: a part of a manifest, on a disk that is full, would be one that is there already. */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) rmSync(path, { force: true })
    throw error
  }
}

/** The call that a new app is made to answer, from where `init` was typed. */
function firstCall(folder: string | undefined): string {
  if (folder === undefined) return commandLine('sallyport', 'invoke', 'hello', 'events/hello.json', '--as', 'alice')
  return commandLine(
    'sallyport',
    'invoke',
    '--app',
    folder,
    'hello',
    join(folder, 'events/hello.json'),
    '--as',
    'alice',
  )
}
