import type { FlagParametersForType } from '@stricli/core'

import type { Terminal } from '../terminal.ts'

/** The ports that somebody names for a server; absent, they are the usual ones. */
export interface PortFlags {
  readonly port?: number
  readonly issuerPort?: number
}

/** Reads a port, 0 for any. Throws `RangeError` for what is none. */
export function parsePort(text: string): number {
  const number = Number(text)
  if (!/^\d{1,5}$/.test(text) || number > 65_535) throw new RangeError(`${text} is no port`)
  return number
}

/** `--port` and `--issuer-port`, the same wherever they are asked for. */
export const portFlags: FlagParametersForType<PortFlags, Terminal> = {
  port: {
    kind: 'parsed',
    parse: parsePort,
    brief: 'Port of the gateway; 0 takes any',
    optional: true,
    placeholder: 'N',
  },
  issuerPort: {
    kind: 'parsed',
    parse: parsePort,
    brief: 'Port of the embedded issuer',
    optional: true,
    placeholder: 'N',
  },
}
