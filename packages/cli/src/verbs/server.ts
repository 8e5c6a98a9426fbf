import { fileURLToPath } from 'node:url'

import { commandLine, SallyportError } from '@sallyport/core/access'
import { buildCommand, type Command } from '@stricli/core'

import { type Answer, answering, commonFlags } from '../answer.ts'
import { appFolder, type Terminal } from '../terminal.ts'
import { parsePort, type PortFlags, portFlags } from './port-flags.ts'

interface Flags extends PortFlags {
  readonly http: boolean
  readonly broadening?: 'refuse' | 'ask' | 'allow'
  readonly yes: boolean
  readonly json: boolean
  readonly name?: string
  readonly listen?: string
  readonly certificate?: string
  readonly certificateKey?: string
  readonly acme?: string
  readonly acmePort?: number
  readonly acmeCa?: string
  readonly keepRoot?: boolean
  readonly uids?: number
}

interface DevFlags extends Flags {
  readonly inspect?: string
  readonly learn?: boolean
}

const uid = (text: string): number => {
  if (!/^\d{1,10}$/.test(text)) throw new RangeError(`${text} is no uid`)
  return Number(text)
}

const text = (brief: string, placeholder: string) =>
  ({ kind: 'parsed', parse: String, brief, optional: true, placeholder }) as const

const shared = {
  ...portFlags,
  http: { kind: 'boolean', brief: 'Plain HTTP at the gateway, on loopback only', default: false, withNegated: false },
  broadening: {
    kind: 'enum',
    values: ['refuse', 'ask', 'allow'],
    brief: 'What to do with a manifest that grants more than before',
    optional: true,
  },
  yes: { kind: 'boolean', brief: 'The same as --broadening=allow', default: false, withNegated: false },
  json: commonFlags.json,
  name: text('Public name of the gateway; needs a certificate', 'HOST'),
  listen: text('Address to listen at; loopback unless said', 'ADDRESS'),
  certificate: text('Certificate chain (PEM) for the name; read again when it changes', 'FILE'),
  certificateKey: text('Its key (PEM)', 'FILE'),
  acme: text('Order the certificate: ACME directory, whose terms are agreed to', 'URL'),
  acmePort: {
    kind: 'parsed',
    parse: parsePort,
    brief: 'Port for HTTP-01; 80 unless said',
    optional: true,
    placeholder: 'N',
  },
  acmeCa: text('Who vouches for the ACME server (PEM)', 'FILE'),
  keepRoot: {
    kind: 'boolean',
    brief: 'Started by root: drop nothing; banner and records say so',
    optional: true,
    withNegated: false,
  },
  uids: {
    kind: 'parsed',
    parse: uid,
    brief: 'Started by root: first of the thousand uids of server and functions',
    optional: true,
    placeholder: 'N',
  },
} as const

const positional = {
  kind: 'tuple',
  parameters: [
    { brief: 'Folder of the app; by default the nearest', parse: String, placeholder: 'APP', optional: true },
  ],
} as const

/** `up [APP]`: runs an app with everything enforced. */
export const up: Command<Terminal> = buildCommand<Flags, [folder?: string], Terminal>({
  docs: { brief: 'Run an app with everything enforced' },
  parameters: { flags: shared, positional },
  func: answering<Flags, [folder?: string]>((terminal, flags, folder) => serve(terminal, 'up', flags, folder)),
})

/** `dev [APP]`: the same enforcement, with reload on change and a debugger when asked for. */
export const dev: Command<Terminal> = buildCommand<DevFlags, [folder?: string], Terminal>({
  docs: { brief: 'The same as up, with reload on change and, when asked for, a debugger' },
  parameters: {
    flags: {
      ...shared,
      inspect: {
        kind: 'parsed',
        parse: String,
        brief: 'Relay the debugger of this function; the banner and the ledger say so',
        optional: true,
        placeholder: 'FUNCTION',
      },
      learn: {
        kind: 'boolean',
        brief: 'Record what functions ask for, for `sallyport learn`; all of it is refused as ever',
        optional: true,
        withNegated: false,
      },
    },
    positional,
  },
  func: answering<DevFlags, [folder?: string]>((terminal, flags, folder) => serve(terminal, 'dev', flags, folder)),
})

/**
 * Becomes the server: the same process id, terminal and signals, so that whoever started us stops the server itself
 * and sees its exit code. A process in front of it could be killed and leave it behind.
 */
function serve(terminal: Terminal, mode: 'up' | 'dev', flags: DevFlags, named: string | undefined): Promise<Answer> {
  const folder = appFolder(terminal, named)
  const entry = fileURLToPath(import.meta.resolve('@sallyport/server'))
  if (process.execve === undefined || process.platform !== 'linux') {
    throw new SallyportError('cli.part_missing', `${mode} needs Linux, and this is ${process.platform}`, {
      fix: commandLine('sallyport', 'doctor'),
    })
  }
  // A checkout runs its TypeScript; an installed command has nothing to pass on.
  const source = entry.endsWith('.ts') ? ['-C', 'source'] : []
  return process.execve(process.execPath, [process.execPath, ...source, entry, ...serverArguments(mode, flags, folder)])
}

const outsideFlags = [
  ['name', '--name'],
  ['listen', '--listen'],
  ['certificate', '--certificate'],
  ['certificateKey', '--certificate-key'],
  ['acme', '--acme'],
  ['acmePort', '--acme-port'],
  ['acmeCa', '--acme-ca'],
] as const satisfies readonly (readonly [keyof Flags, string])[]

/** The server's own words for what was asked of the command. */
export function serverArguments(mode: 'up' | 'dev', flags: DevFlags, folder: string): string[] {
  const broadening = flags.yes ? 'allow' : flags.broadening
  return [
    mode,
    folder,
    ...(flags.port === undefined ? [] : ['--port', String(flags.port)]),
    ...(flags.issuerPort === undefined ? [] : ['--issuer-port', String(flags.issuerPort)]),
    ...(flags.http ? ['--http'] : []),
    ...(flags.json ? ['--json'] : []),
    ...(flags.inspect === undefined ? [] : ['--inspect', flags.inspect]),
    ...(flags.learn === true ? ['--learn'] : []),
    ...(flags.keepRoot === true ? ['--keep-root'] : []),
    ...(flags.uids === undefined ? [] : ['--uids', String(flags.uids)]),
    ...(broadening === undefined ? [] : ['--broadening', broadening]),
    ...outsideFlags.flatMap(([flag, word]) => (flags[flag] === undefined ? [] : [word, String(flags[flag])])),
  ]
}
