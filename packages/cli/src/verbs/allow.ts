import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { commandLine, SallyportError } from '@sallyport/core/access'
import { accessDiff, allowInManifest, manifestFile } from '@sallyport/manifest'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { replaceFile, withText } from '../edit-manifest.ts'
import { faultsAnswer, loadWithGuests, surroundings, toStderr, unknownName, withApp } from '../load-app.ts'
import { shown } from '../printable.ts'
import { appFolder, paintFor, type Terminal } from '../terminal.ts'
import { showDiff } from './diff.ts'

interface Flags extends CommonFlags {
  readonly yes: boolean
}

/** `allow SUBJECT ACTION`: writes one grant into the manifest, after showing what it means. */
export const allow: Command<Terminal> = buildCommand<
  Flags,
  [subject: string, action: string, resource?: string],
  Terminal
>({
  docs: {
    brief: 'Add one grant to the manifest; shows what it changes in access, and asks',
    fullDescription:
      'Comments and order of the file stay as they are. The manifest is not written when it would no longer hold ' +
      'its own invariants and examples. A running `dev` takes it up; a running `up` asks for approval.',
    customUsage: [
      { input: 'payments stripe.refund', brief: 'an operation of a door' },
      { input: "payments 'stripe.balance=GET /v1/balance'", brief: 'a new operation of a door' },
      { input: "support 'POST /checkout'", brief: 'a route' },
      { input: "payments 'orders-table.update(total)'", brief: 'a column' },
      { input: 'public restricted', brief: 'an edge between zones' },
    ],
  },
  parameters: {
    flags: {
      ...commonFlags,
      yes: { kind: 'boolean', brief: 'Do not ask', default: false, withNegated: false },
    },
    aliases: { y: 'yes' },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Who', parse: String, placeholder: 'SUBJECT' },
        { brief: 'May do what', parse: String, placeholder: 'ACTION' },
        { brief: 'With what, where ACTION is a method', parse: String, placeholder: 'RESOURCE', optional: true },
      ],
    },
  },
  func: answering((terminal, flags, subject, action, resource) => {
    const folder = appFolder(terminal, flags.app)
    return withApp(terminal, folder, async ({ app }) => {
      const file = join(folder, manifestFile)
      const before = readFileSync(file, 'utf8')
      const edited = allowInManifest(before, subject, resource === undefined ? action : `${action} ${resource}`, app)
      if (!edited.ok) throw unknownName(edited)
      if (edited.text === before)
        return { exit: 'ok', json: { written: false, lines: [] }, text: 'the manifest says so already' }
      const would = withText(surroundings(terminal), file, edited.text)
      const loaded = await loadWithGuests(folder, would, toStderr(terminal))
      if (!loaded.ok) return faultsAnswer(loaded.faults, 'refused')
      const change = accessDiff(app, loaded.app)
      const text = [...edited.lines, showDiff(change.lines, paintFor(terminal))].join('\n')
      if (!flags.json) terminal.process.stdout.write(`${shown(text)}\n`)
      // Nobody agrees to what was not shown.
      const agreed = flags.yes || (flags.json ? false : await terminal.ask('Write this?'))
      if (agreed === undefined) throw nobodyToAsk(subject, action, resource)
      if (agreed) replaceFile(file, edited.text)
      const json = { written: agreed, lines: edited.lines, access: change }
      return { exit: agreed ? 'ok' : 'refused', json, text: agreed ? `wrote ${manifestFile}` : 'nothing was changed' }
    })
  }),
})

function nobodyToAsk(...words: readonly (string | undefined)[]): SallyportError {
  const given = words.filter((word) => word !== undefined)
  return new SallyportError('cli.usage', 'nobody is here to ask', {
    fix: commandLine('sallyport', 'allow', '--yes', ...given),
  })
}
