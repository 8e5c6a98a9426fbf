import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

import { type ServerOptions, startCommand } from './arguments.ts'
import { explainListenFailure } from './failure.ts'

/** An address that root alone may listen at. */
export interface Listener {
  readonly host: string
  readonly port: number
}

/** What a server that gave up root was handed, in the order of its descriptors: `HOST PORT`, a line each. */
export const listenersVariable = 'SALLYPORT_LISTENERS'
const firstDescriptor = 3
/** Part of every Debian. Node closes what it opens when it becomes another program, and a shell cannot listen. */
export const perl = '/usr/bin/perl'

/** What a server needs root for: the gateway's port and that of ACME's challenges, where they are low. */
export function lowListeners({ port, outside }: ServerOptions, lowest: number = lowestFree()): readonly Listener[] {
  const host = outside?.listen ?? '127.0.0.1'
  const acme = outside?.certificate.kind === 'acme' ? [{ host, port: outside.certificate.port }] : []
  return [{ host, port }, ...acme].filter((one) => one.port !== 0 && one.port < lowest)
}

/** The descriptor that listens there already; undefined where this process may open one itself, or was handed none. */
export function handedListener(
  host: string,
  port: number,
  environment: Readonly<Record<string, string | undefined>>,
): number | undefined {
  const at = (environment[listenersVariable] ?? '').split('\n').indexOf(`${host} ${port}`)
  return at === -1 ? undefined : firstDescriptor + at
}

/** Whether they can be opened at all, in the words of a server that opens them itself. */
export async function tryListeners(listeners: readonly Listener[], options: ServerOptions): Promise<void> {
  for (const { host, port } of listeners) {
    const server = createServer()
    const opened = once(server, 'listening')
    server.listen({ host, port })
    await opened.catch((cause: unknown) => {
      throw explainListenFailure(cause, port, (other) => startCommand(options, { port: other }))
    })
    server.close()
    await once(server, 'close')
  }
}

/** The command that opens them and hands them on to `command`. */
export function listening(
  listeners: readonly Listener[],
  command: readonly [program: string, ...argv: string[]],
): readonly [program: string, ...argv: string[]] {
  if (listeners.length === 0) return command
  const words = listeners.map(({ host, port }) => `${host} ${port}`)
  return [perl, '-MSocket=:all', '-e', openAndBecome, words.join('\n'), ...command]
}

const openAndBecome = `
$^F = 255;
for (split /\\n/, shift) {
  my ($host, $port) = split / /;
  my $six = $host =~ /:/;
  socket(my $one, $six ? PF_INET6 : PF_INET, SOCK_STREAM, 0) or die "$!";
  setsockopt($one, SOL_SOCKET, SO_REUSEADDR, 1) or die "$!";
  my $address = inet_pton($six ? AF_INET6 : AF_INET, $host);
  bind($one, $six ? pack_sockaddr_in6($port, $address) : pack_sockaddr_in($port, $address)) or die "$host $port: $!";
  listen($one, 511) or die "$!";
  push @kept, $one;
}
exec { $ARGV[0] } @ARGV or die "$!";
`

function lowestFree(): number {
  return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
}
