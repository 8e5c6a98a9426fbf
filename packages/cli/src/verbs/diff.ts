import { resolve } from 'node:path'

import { accessDiff, checkCeilings, compileApp, type Fault, loadManifest } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { type Answer, answering, commonFlags } from '../answer.ts'
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
      'before, or when that cannot be ruled out; with 2 when NEW would not load; with 0 otherwise. Made for pull ' +
      'requests.',
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
    const faulty = (faults: readonly Fault[], path: string | undefined): Promise<Answer> => {
      const { text, ...answer } = faultsAnswer(faults, 'usage')
      return Promise.resolve({ ...answer, text: `${path}:\n${text}` })
    }
    for (const [index, loaded] of [before, after].entries()) {
      if (loaded?.ok === false) return faulty(loaded.faults, paths[index])
    }
    if (before?.ok !== true || after?.ok !== true) throw new TypeError('two manifests were named')
    // Of the old one this is not asked: what takes it away is a change that has to be shown.
    const beyond = checkCeilings(compileApp(after.app), after.app)
    if (beyond.length > 0) return faulty(beyond, paths[1])
    const { lines, broadens } = accessDiff(before.app, after.app)
    const text = lines.length === 0 ? 'no change in access' : showDiff(lines, paintFor(terminal))
    return Promise.resolve({ exit: broadens ? 'broadened' : 'ok', json: { broadens, lines }, text })
  }),
})

/** Gains and losses, each in its colour. */
export function showDiff(lines: readonly string[], paint: Paint): string {
  return lines.map((line) => (line.startsWith('+') ? paint.bad(line) : paint.good(line))).join('\n')
}
