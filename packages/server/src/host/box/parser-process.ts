import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket as DatagramSocket } from 'node:dgram'
import { closeSync, openSync } from 'node:fs'
import { once } from 'node:events'
import type { Server } from 'node:net'
import { Duplex } from 'node:stream'

import { SallyportError } from '@sallyport/core/access'

import type { DoorListeners } from '../../parser/index.ts'
import type { Limits } from '../kernel/cgroups.ts'
import { endAbandoned, mark } from '../kernel/abandoned.ts'
import { coreLimitOption } from '../kernel/core-files.ts'
import { topFolder } from './box-options.ts'
import { joining } from './become.ts'
import { closeQuietly, type PodExit } from './pod.ts'
import type { RuntimeFolder } from './runtime-folder.ts'
import type { Tools } from '../tools.ts'
import { fewThreads } from '../runtime/runtimes.ts'

/** The process that parses everything that one box sends to its doors: for that box, and for nothing else. */
export interface BoxParser {
  /** Undefined for one that is no process, in tests. */
  readonly pid?: number
  /** Frames of `server/parser`, both ways. It ends with the process. */
  readonly channel: Duplex
  /** Hands a box's listeners over; nobody else has them after that. Rejects when the process is no more. */
  serve(listeners: DoorListeners): Promise<void>
  /** SIGKILL; the kernel closes what it still held. */
  kill(): void
  /** Never rejects. */
  readonly gone: Promise<PodExit>
  /** The last that it said of itself. */
  said(): string
}

/** As whom a parser runs, absent for this process's own user, and in which control groups from the start. */
export interface ParserPlace {
  readonly uid?: number
  /** See `BoxGroup.entrances`. */
  readonly entrances: readonly string[]
}

/** Makes a parser that waits for its listeners. */
export type StartParser = (place: ParserPlace) => BoxParser

/** What a parser may use: what it holds of bodies is bounded by credit, and HTTP/2 by four megabytes a session. */
export const parserLimits: Limits = { memoryBytes: 192 * 1024 * 1024, maxProcesses: 32, cpuMillis: 1_000 }

const heapMb = 96
/** Compiled as soon as the server is itself: `start/runtime-flags.ts`. */
const nodeOptions = [`--max-old-space-size=${heapMb}`, '--invocation-count-for-turbofan=700', fewThreads]
const channelDescriptor = 4
const inSandbox = { node: '/node', script: '/parser.cjs' } as const

// Whatever this server inherited from those who started it is closed. Of connections it may hold four times as many as
// a box may have.
const narrowingShell = `
for f in /proc/self/fd/*; do f=\${f##*/}; ((f > 5)) && eval "exec $f>&-"; done
ulimit -n 1024 2>&- || ulimit -n "$(ulimit -Hn)" || exit 1
ulimit -l 64 -q 0 || exit 1
exec "$@"
`

/**
 * Starts a parser in a sandbox of its own: no network but the listeners that it is handed, no file but Node, the
 * system's libraries and its one script, no environment, no capability, the box's filter of system calls, the uid of
 * its function. Adversary: a box that takes it over through a fault in OpenSSL, llhttp, nghttp2 or our own parsing. It
 * finds there what it had: the connections of that box.
 */
export function startParser(
  runtime: RuntimeFolder,
  tools: Tools,
  { uid, entrances }: ParserPlace,
  script: string = runtime.parser,
): BoxParser {
  const filter = openSync(runtime.filter, 'r')
  const narrowed = [tools.bash, '--norc', '--noprofile', '-c', narrowingShell, 'parser']
  const command = [tools.prlimit, coreLimitOption(), '--', ...commandOf(runtime, tools, script)]
  const [program, ...argv] = joining(tools, entrances, uid, [...narrowed, ...command])
  const child = spawn(program, argv, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe', filter],
    env: {},
    cwd: '/',
  })
  closeSync(filter)
  for (const stream of child.stdio) stream?.on('error', () => undefined) // its end is told by `gone`
  child.on('error', () => undefined)
  const channel: unknown = child.stdio[channelDescriptor]
  const { pid } = child
  if (pid === undefined || !(channel instanceof Duplex))
    throw new SallyportError('host.parser', 'no process for a parser could be made')
  let serves = false
  let said = ''
  child.stderr?.on('data', (bytes: Buffer) => (said = (said + bytes.toString('utf8')).slice(-2_048)))
  const gone = new Promise<PodExit>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  }).then(async (exit) => {
    if (!serves) await endAbandoned(tools.bwrap)
    return exit
  })
  return {
    pid,
    channel,
    serve: async (listeners) => {
      await handOver(child, listeners, gone, () => said)
      serves = true
    },
    kill: () => {
      channel.destroy()
      child.kill('SIGKILL')
    },
    gone,
    said: () => said.trim(),
  }
}

function commandOf(runtime: RuntimeFolder, tools: Tools, script: string): readonly string[] {
  const namespaces = ['user', 'pid', 'ipc', 'uts', 'net'].map((name) => `--unshare-${name}`)
  return [
    [tools.bwrap, ...mark, ...namespaces, '--unshare-cgroup-try', '--as-pid-1', '--die-with-parent', '--new-session'],
    ['--clearenv', '--cap-drop', 'ALL', '--uid', '65534', '--gid', '65534'],
    ['--ro-bind', '/usr/lib', '/usr/lib', '--ro-bind-try', '/usr/lib64', '/usr/lib64'],
    ['/lib', '/lib64'].flatMap((path) => topFolder(path)),
    ['--ro-bind', runtime.node, inSandbox.node, '--ro-bind', script, inSandbox.script],
    ['--remount-ro', '/', '--chdir', '/', '--setenv', 'NODE_CHANNEL_FD', '3', '--seccomp', '5', '--'],
    [inSandbox.node, ...nodeOptions, inSandbox.script],
  ].flat()
}

/**
 * Each listener goes by SCM_RIGHTS over a channel that the parser closes before it serves anything: a parser that was
 * taken over later has no way to send anything but frames. Our own copies are closed: two who accept would share them.
 */
async function handOver(
  child: ChildProcess,
  { http, https, dns, tcp }: DoorListeners,
  gone: Promise<PodExit>,
  said: () => string,
): Promise<void> {
  const handles: readonly (readonly [string, Server | DatagramSocket])[] = [
    ['http', http],
    ['https', https],
    ['dns', dns],
    ...[...tcp].map(([port, server]) => [`tcp ${port}`, server] as const),
  ]
  const sent = (name: string, handle?: Server | DatagramSocket): Promise<void> =>
    new Promise((resolve, reject) =>
      child.send(name, handle, {}, (error) => (error === null ? resolve() : reject(error))),
    )
  const ended = gone.then(({ code, signal }) => {
    throw new Error(`it ended with ${code ?? signal}`)
  })
  try {
    await Promise.race([Promise.all([...handles.map(([name, handle]) => sent(name, handle)), sent('serve')]), ended])
    if (child.connected) await Promise.race([once(child, 'disconnect'), ended])
  } catch (cause) {
    throw new SallyportError('host.parser', `no parser for a box: ${said().trim() || String(cause)}`, { cause })
  } finally {
    for (const [, handle] of handles) closeQuietly(handle)
  }
}
