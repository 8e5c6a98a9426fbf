import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { commandLine, SallyportError } from '@sallyport/core/access'

import { type Outside, outsideWords, readOutside } from './outside.ts'

/** How a server is to run. */
export interface ServerOptions {
  /** `dev` reloads on change and may attach a debugger; it enforces exactly what `up` enforces. */
  readonly mode: 'up' | 'dev'
  /** Absolute path of the folder with `sallyport.yaml`. */
  readonly folder: string
  /** 0 takes any free port. */
  readonly port: number
  readonly issuerPort: number
  /** Plain HTTP at the gateway, on loopback. The issuer keeps TLS. */
  readonly plainHttp: boolean
  /** The one function whose debugger port is relayed; `dev` only. */
  readonly inspect?: string
  /** Record what functions ask for, for `sallyport learn`; `dev` only. Nothing more is let through. */
  readonly learn?: true
  /** What to do with a manifest that grants more than the last accepted one. */
  readonly broadening: 'ask' | 'allow' | 'refuse'
  /** How the gateway is reached from outside of this machine; absent: it is not. */
  readonly outside?: Outside
  /** Started by root: keep it, and drop nothing. */
  readonly keepRoot?: true
  /** Started by root: the first of the thousand uids that the server and its functions run under. */
  readonly uids?: number
  /** Says what came up, or what kept it from coming up, as one line of JSON in place of words. */
  readonly json?: true
}

/** Reads the server's arguments. Unknown or misspelt ones are errors: a flag that is ignored could be a guard. */
export function parseServerArguments(args: readonly string[], terminal: boolean): ServerOptions {
  const { values, positionals } = parse(args)
  const [mode, folder = '.'] = positionals
  if (mode !== 'up' && mode !== 'dev') throw usage('Say `up` or `dev`.')
  if (positionals.length > 2) throw usage('Name one folder.')
  if (values.inspect !== undefined && mode !== 'dev') throw usage('`--inspect` needs `dev`.')
  if (values.learn === true && mode !== 'dev') throw usage('`--learn` needs `dev`.')
  const broadening = values.broadening ?? (terminal ? 'ask' : 'refuse')
  if (broadening !== 'ask' && broadening !== 'allow' && broadening !== 'refuse') {
    throw usage('`--broadening` is ask, allow or refuse.')
  }
  const { name, listen, certificate, 'certificate-key': key, acme, 'acme-port': acmePort, 'acme-ca': acmeCa } = values
  const flags = { name, listen, certificate, 'certificate-key': key, acme, 'acme-port': acmePort, 'acme-ca': acmeCa }
  const outside = readOutside(flags, usage)
  if (outside !== undefined && values.http === true) throw usage('`--http` is for this machine alone.')
  return {
    mode,
    folder: resolve(folder),
    port: portOf(values.port, defaultPort),
    issuerPort: portOf(values['issuer-port'], defaultIssuerPort),
    plainHttp: values.http ?? false,
    broadening,
    ...(values.inspect === undefined ? {} : { inspect: values.inspect }),
    ...(values.learn === true ? { learn: true } : {}),
    ...(outside === undefined ? {} : { outside }),
    ...(values['keep-root'] === true ? { keepRoot: true } : {}),
    ...(values.uids === undefined ? {} : { uids: uidsOf(values.uids) }),
    ...(values.json === true ? { json: true } : {}),
  }
}

/** How the server runs, for the ledger: a recording is said there. */
export function modeOf({ mode, learn }: ServerOptions): string {
  return learn === true ? `${mode} --learn` : mode
}

/** The command that starts the same server with something changed: what is pasted must not lose what was asked for. */
export function startCommand(options: ServerOptions, change: Partial<ServerOptions>): string {
  const changed = { ...options, ...change }
  const { broadening } = changed
  return commandLine('sallyport', ...wordsOf(changed), ...(broadening === 'allow' ? ['--broadening', broadening] : []))
}

/** The same for the program itself: nothing of it depends on the folder that it is started in. */
export function argumentsOf(options: ServerOptions): readonly string[] {
  return [...wordsOf(options), '--broadening', options.broadening, ...(options.json === true ? ['--json'] : [])]
}

function wordsOf(options: ServerOptions): readonly string[] {
  const { mode, folder, port, issuerPort, plainHttp, inspect, learn, outside, keepRoot, uids } = options
  return [
    mode,
    folder,
    ...(port === defaultPort ? [] : ['--port', String(port)]),
    ...(issuerPort === defaultIssuerPort ? [] : ['--issuer-port', String(issuerPort)]),
    ...(plainHttp ? ['--http'] : []),
    ...(inspect === undefined ? [] : ['--inspect', inspect]),
    ...(learn === true ? ['--learn'] : []),
    ...(keepRoot === true ? ['--keep-root'] : []),
    ...(uids === undefined ? [] : ['--uids', String(uids)]),
    ...outsideWords(outside),
  ]
}

const defaultPort = 8443
const defaultIssuerPort = 8444

function parse(args: readonly string[]): ReturnType<typeof parseStrictly> {
  try {
    return parseStrictly(args)
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : String(cause))
  }
}

const parseStrictly = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: true,
    options: {
      port: { type: 'string' },
      'issuer-port': { type: 'string' },
      http: { type: 'boolean' },
      inspect: { type: 'string' },
      learn: { type: 'boolean' },
      broadening: { type: 'string' },
      'keep-root': { type: 'boolean' },
      uids: { type: 'string' },
      json: { type: 'boolean' },
      name: { type: 'string' },
      listen: { type: 'string' },
      certificate: { type: 'string' },
      'certificate-key': { type: 'string' },
      acme: { type: 'string' },
      'acme-port': { type: 'string' },
      'acme-ca': { type: 'string' },
    },
  })

function portOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw usage(`${text} is not a port.`)
  return port
}

/** Ordinary users' uids end at 60,000 (login.defs(5)); above 2^31 they are negative to some programs. */
function uidsOf(text: string): number {
  const first = Number(text)
  if (/^\d{5,10}$/.test(text) && first >= 65_536 && first <= 2_147_000_000) return first
  throw usage('`--uids` is the first of a thousand free uids, from 65536 to 2147000000.')
}

function usage(message: string): SallyportError {
  return new SallyportError('server.usage', message, {
    fix: commandLine('sallyport', 'up', '--help'),
  })
}
