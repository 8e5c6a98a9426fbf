import { SallyportError } from '@sallyport/core/access'
import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { examineApp } from '../doctor/app.ts'
import type { Finding } from '../doctor/finding.ts'
import { examineMachine } from '../doctor/machine.ts'
import { surroundings } from '../load-app.ts'
import { appFolder, type Paint, paintFor, type Terminal } from '../terminal.ts'
import { type PortFlags, portFlags } from './port-flags.ts'

/** `doctor`: whether this machine can run boxes and this app can be served, and what to do where not. */
export const doctor: Command<Terminal> = buildCommand<CommonFlags & PortFlags, [], Terminal>({
  docs: {
    brief: 'Check whether this machine can run functions in boxes, and say what to do where it cannot',
    fullDescription:
      'Looks at the machine, and, in the folder of an app, at its manifest, the owner and mode of its state folder, ' +
      'and the ports that up listens on, the usual ones unless named. Exits with 5 when the machine lacks a part, ' +
      'with 1 when the app does.',
  },
  parameters: { flags: { ...commonFlags, ...portFlags } },
  func: answering(async (terminal, flags) => {
    const machine = await examineMachine()
    const folder = folderIfAny(terminal, flags.app)
    const app = folder === undefined ? [] : await examineApp(folder, surroundings(terminal), flags)
    const findings = [...machine, ...app]
    const exit = !machine.every(({ ok }) => ok) ? 'missing' : app.every(({ ok }) => ok) ? 'ok' : 'refused'
    const text = findings.map((one) => showFinding(one, paintFor(terminal))).join('\n')
    return { exit, json: { ok: exit === 'ok', findings }, text }
  }),
})

/** A machine can be looked at from anywhere; an app that was named must be there. */
function folderIfAny(terminal: Terminal, named: string | undefined): string | undefined {
  try {
    return appFolder(terminal, named)
  } catch (error) {
    if (named === undefined && error instanceof SallyportError && error.code === 'cli.no_app') return undefined
    throw error
  }
}

function showFinding({ name, ok, strength, detail, fix }: Finding, paint: Paint): string {
  const named = strength === undefined ? name : `${name} (${strength})`
  const line = `${ok ? wordOf(strength, fix, paint) : paint.bad('FAIL')} ${named}: ${detail}`
  return fix === undefined ? line : `${line}\n     fix: ${fix}`
}

function wordOf(strength: Finding['strength'], fix: string | undefined, paint: Paint): string {
  if (strength !== undefined && strength !== 'hard') return 'weak'
  return strength === undefined && fix !== undefined ? 'note' : paint.good('ok  ')
}
