import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags, type CommonFlags } from '../answer.ts'
import { appFolder, type Terminal } from '../terminal.ts'

/** `attack [DIR]`: tries to break in, and says what stopped each attempt. */
export const attack: Command<Terminal> = buildCommand<Pick<CommonFlags, 'json'>, [folder?: string], Terminal>({
  docs: {
    brief: 'Attack a running app and say what stopped each attempt',
    fullDescription:
      'Starts the app when it does not run, and stops what it started. Each attack has a positive control: the same ' +
      'probe succeeds where the guard is absent. Exits with 1 when an attack got through or a control did not.',
  },
  parameters: {
    flags: { json: commonFlags.json },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Folder of the app; by default the nearest', parse: String, placeholder: 'DIR', optional: true }],
    },
  },
  func: answering(async (terminal, flags, folder) => {
    const { runAttacks } = await import('../attacks/index.ts')
    return runAttacks({ folder: appFolder(terminal, folder), json: flags.json })
  }),
})
