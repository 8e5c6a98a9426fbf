import { resolve } from 'node:path'

import { accessDiff, loadManifest } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags } from '../answer.ts'
import { faultsAnswer, surroundingsWith } from '../load-app.ts'
import { paintFor, type Paint, type Terminal } from '../terminal.ts'

const manifest = (brief: string, placeholder: string) => ({ brief, parse: String, placeholder })

/** `diff OLD NEW`: what a change of the manifest means for access. */
export const diff: Command<Terminal> = buildCommand<
  { readonly json: boolean },
  [before: string, after: string],
  Terminal
>({
  docs: {
    brief: 'Show what a changed manifest changes in access',
    fullDescription:
      'OLD and NEW are app folders or manifest files. Exits with 3 when anybody may do anything that they could not ' +
      'before, or when that cannot be ruled out; with 0 otherwise. Made for pull requests.',
  },
  parameters: {
    flags: { json: commonFlags.json },
    positional: {
      kind: 'tuple',
      parameters: [manifest('The app as it was', 'OLD'), manifest('The app as it would be', 'NEW')],
    },
  },
  func: answering((terminal, _flags, ...paths) => {
    const [before, after] = paths.map((path) => {
      const { folder, surroundings } = surroundingsWith(terminal, resolve(terminal.cwd, path))
      return loadManifest(folder, surroundings)
    })
    for (const [index, loaded] of [before, after].entries()) {
      if (loaded === undefined || loaded.ok) continue
      const { text, ...answer } = faultsAnswer(loaded.faults, 'usage')
      return Promise.resolve({ ...answer, text: `${paths[index]}:\n${text}` })
    }
    if (before?.ok !== true || after?.ok !== true) throw new TypeError('two manifests were named')
    const { lines, broadens } = accessDiff(before.app, after.app)
    const text = lines.length === 0 ? 'no change in access' : showDiff(lines, paintFor(terminal))
    return Promise.resolve({ exit: broadens ? 'broadened' : 'ok', json: { broadens, lines }, text })
  }),
})

/** Gains and losses, each in its colour. */
export function showDiff(lines: readonly string[], paint: Paint): string {
  return lines.map((line) => (line.startsWith('+') ? paint.bad(line) : paint.good(line))).join('\n')
}
