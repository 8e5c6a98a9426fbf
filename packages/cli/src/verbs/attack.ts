import { resolve } from 'node:path'

import { buildCommand, type Command } from '@stricli/core'

import { answering, commonFlags } from '../answer.ts'
import { attackedEngines, type AttackedEngine } from '../attacks/world/attacked-engines.ts'
import { appFolder, type Terminal } from '../terminal.ts'

interface Flags {
  readonly json: boolean
  readonly only?: string
  readonly engine: AttackedEngine
  readonly probes?: string
  readonly resources: boolean
}

/** `attack [DIR]`: tries to break in, and says what stopped each attempt. */
export const attack: Command<Terminal> = buildCommand<Flags, [folder?: string], Terminal>({
  docs: {
    brief: 'Attack an app and say what stopped each attempt',
    fullDescription:
      'Starts the app when it does not run, and stops what it started. Each attack has a positive control: the same ' +
      'probe succeeds where the guard is absent. Exits with 1 when an attack got through or a control did not.',
  },
  parameters: {
    flags: {
      json: commonFlags.json,
      only: {
        kind: 'parsed',
        parse: String,
        brief: 'Only attacks whose name begins so',
        optional: true,
        placeholder: 'NAME',
      },
      engine: { kind: 'enum', values: attackedEngines, brief: 'What runs the hostile code', default: 'box' },
      probes: {
        kind: 'parsed',
        parse: String,
        brief: 'A folder of probes of your own; docs/attacks.md says what one is',
        optional: true,
        placeholder: 'FOLDER',
      },
      resources: { kind: 'boolean', brief: 'Floods too, with what a neighbour feels of them', default: false },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { brief: 'Folder of the app; by default the nearest', parse: String, placeholder: 'DIR', optional: true },
      ],
    },
  },
  func: answering(async (terminal, { json, only, engine, probes, resources }, named) => {
    const folder = appFolder(terminal, named)
    const { interruptionIn, runAttacks } = await import('../attacks/index.ts')
    const write = (line: string): void => terminal.process.stdout.write(`${line}\n`)
    return runAttacks({
      folder,
      json,
      write,
      engine,
      resources,
      ...(only === undefined ? {} : { only }),
      ...(probes === undefined ? {} : { probes: resolve(terminal.cwd, probes) }),
    }).catch((thrown: unknown) => {
      const interruption = interruptionIn(thrown)
      if (interruption === undefined) throw thrown
      const { code, message } = interruption.error
      return {
        exit: interruption.exitCode,
        json: { error: { code, message } },
        text: `sallyport: ${message} (${code})`,
      }
    })
  }),
})
