import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { Socket as DatagramSocket } from 'node:dgram'
import { Server } from 'node:net'
import type { Readable, Writable } from 'node:stream'

import { SallyportError } from '@sallyport/core/access'

import { endAbandoned } from '../kernel/abandoned.ts'
import { isAlive } from '../kernel/alive.ts'
import { coreLimitOption } from '../kernel/core-files.ts'
import { inSpawnTurn } from '../kernel/spawn-turns.ts'
import { joining } from './become.ts'
import type { RuntimeFolder } from './runtime-folder.ts'
import type { Tools } from '../tools.ts'

/** Listeners in the pod's namespace, open in this process. */
export interface PodListeners {
  /** 127.0.0.1:9001, the Lambda Runtime API. */
  readonly runtime: Server
  readonly http: Server
  readonly https: Server
  readonly dns: DatagramSocket
  /** The further ports that were asked for, of every address. */
  readonly tcp: ReadonlyMap<number, Server>
}

/** An empty network namespace in which every address ends at our listeners, and a process that will be a box. */
export interface Pod {
  readonly pid: number
  readonly listeners: PodListeners
  readonly stdout: Readable
  readonly stderr: Readable
  /** Turns the pod into a box: `command` replaces the waiting shell. */
  launch(plan: Launch): void
  /**
   * Gives the runtime's standard input what it waits for, and ends it: until then it has loaded no code of a function.
   * Never in argv, environment or a file.
   */
  handOver(text: string): void
  /** SIGKILL. The box's PID namespace ends with it. */
  kill(): void
  /** Resolves when the pod's process and, once launched, the box's whole PID namespace are gone. Never rejects. */
  readonly gone: Promise<PodExit>
}

/** How the pod's process ended, as Node tells it. */
export interface PodExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What turns a waiting pod into a box. */
export interface Launch {
  readonly command: readonly string[]
  /** Options of bwrap, read from a descriptor: the host's process list shows none of them. */
  readonly options: readonly string[]
  /** Of a pod without a filter: what its container is. */
  readonly spec?: string
  /** Of the box's one file of its own; see `boxFile`. */
  readonly file: string
}

/**
 * Descriptors of the waiting shell beyond the standard three. A pod has a filter of system calls, or takes the
 * specification of a container whose kernel is its own.
 */
export const descriptors = { status: 3, vector: 4, seccomp: 5, spec: 5, options: 6, file: 7 } as const

// The shell is root in its own namespace only. Whatever this server inherited from those who started it is closed
// before any function code can look; limits that are the same for every box hold from here on, those of its user
// namespace too: without them one box could take every watch of files that the kernel has for a user of the host.
// Then `mapfile` waits: an empty vector means that the server is gone.
const waitingShell = `
printf 'link set lo up\\nroute add local 0.0.0.0/0 dev lo\\nroute add local ::/0 dev lo\\n' | "$1" -force -batch - >&2
for f in /proc/self/fd/*; do f=\${f##*/}; ((f > 7)) && eval "exec $f>&-"; done
ulimit -n 1024 -l 64 -q 0 || exit 1
{ echo 32 >/proc/sys/user/max_inotify_instances; echo 8192 >/proc/sys/user/max_inotify_watches; } 2>/dev/null
echo ready >&3
mapfile -d '' -t vector <&4
((\${#vector[@]})) || exit 1
exec "\${vector[@]}" 4<&-
`

/** As which user the pod and later the box run; absent means as this process. */
export interface PodOptions {
  readonly runtime: RuntimeFolder
  readonly tools: Tools
  readonly uid?: number
  /** Control groups that it is in from the start: see `BoxGroup.entrances`. */
  readonly entrances?: readonly string[]
  /** TCP ports to listen on besides those that every box has. */
  readonly ports?: readonly number[]
  /** False for a box whose kernel is its own: it takes a specification in place of a filter of system calls. */
  readonly filtered?: boolean
}

/** Makes a pod. Rejects with `host.pod` and what the kernel said when it cannot be made. */
export async function createPod(options: PodOptions): Promise<Pod> {
  const { runtime, tools, uid, entrances = [], filtered = true } = options
  const bounded = [tools.prlimit, coreLimitOption(), '--']
  const waiting = [...bounded, tools.bash, '--norc', '--noprofile', '-c', waitingShell, 'pod', tools.ip]
  const [program, ...argv] = joining(tools, entrances, uid, [tools.unshare, '-U', '-r', '-n', '--', ...waiting])
  const { shell, said, exited } = await inSpawnTurn(() => {
    const fifth = filtered ? openSync(runtime.filter, 'r') : 'pipe'
    const started = spawn(program, argv, {
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe', fifth, 'pipe', 'pipe'],
      env: {},
      cwd: '/',
    })
    if (typeof fifth === 'number') closeSync(fifth)
    return { shell: started, said: collect(started.stderr), exited: endOf(started, 'exit') }
  })
  // A write into a box that has just died is answered by `gone`, not by an exception.
  for (const stream of shell.stdio) stream?.on('error', ignoreBrokenPipe)
  try {
    const status = statusOf(shell)
    await orExit(status.ready, exited)
    const listeners = await openListeners(shell, options, said)
    // Whoever takes the pod reads from here on; until then nothing may flow past.
    shell.stderr?.removeAllListeners('data').pause()
    return podOf(shell, { listeners, exited, boxPid: status.boxPid, bwrap: tools.bwrap })
  } catch (cause) {
    shell.kill('SIGKILL')
    await exited
    throw new SallyportError('host.pod', `no network namespace for a box: ${said() || String(cause)}`, { cause })
  }
}

/** What is known of a pod besides its process. */
interface Made {
  readonly listeners: PodListeners
  readonly exited: Promise<PodExit>
  readonly boxPid: () => number | undefined
  readonly bwrap: string
}

function podOf(shell: ChildProcess, { listeners, exited, boxPid, bwrap }: Made): Pod {
  const stdio: readonly (Readable | Writable | null | undefined)[] = shell.stdio // typed by Node as if there were five
  let launched = false
  const gone = exited.then(async (exit) => {
    const { tcp, ...fixed } = listeners
    for (const listener of [...Object.values(fixed), ...tcp.values()]) closeQuietly(listener)
    const first = boxPid()
    if (launched && (first === undefined || isAlive(first))) await endAbandoned(bwrap)
    await ended(first)
    return exit
  })
  return {
    pid: shell.pid ?? 0,
    listeners,
    stdout: shell.stdout as Readable, // both are pipes, by `stdio` above
    stderr: shell.stderr as Readable,
    launch: (plan) => {
      launched = true
      end(stdio[descriptors.options], plan.options.join('\0'))
      end(stdio[descriptors.file], plan.file)
      if (plan.spec !== undefined) end(stdio[descriptors.spec], plan.spec)
      end(stdio[descriptors.vector], plan.command.join('\0'))
    },
    handOver: (text) => end(shell.stdin, text),
    kill: () => kill(shell, boxPid()),
    gone,
  }
}

/**
 * The listener process of one pod: it lives some 50 ms, ahead of need, and holds the host's file system. Its work too
 * is the box's, and counts for it.
 */
async function openListeners(
  shell: ChildProcess,
  { runtime, tools, uid, entrances = [], ports = [] }: PodOptions,
  said: () => string,
): Promise<PodListeners> {
  const inside = [tools.nsenter, '-t', String(shell.pid), '-U', '--preserve-credentials', '-n', '--']
  const listen = [runtime.node, runtime.inside('listen.mjs'), ...ports.map(String)]
  const [program, ...argv] = joining(tools, entrances, uid, [...inside, ...listen])
  const opened = new Map<string, unknown>()
  const { said: openerSaid, closed } = await inSpawnTurn(() => {
    const opener = spawn(program, argv, { stdio: ['pipe', 'ignore', 'pipe', 'ipc'], env: {}, cwd: '/' })
    opener.stdin?.on('error', ignoreBrokenPipe)
    opener.on('message', (name: unknown, handle) => void (typeof name === 'string' && opened.set(name, handle)))
    // `close`, not `exit`: the end of a process may be heard before the last handle that it sent has been read.
    return { said: collect(opener.stderr), closed: endOf(opener, 'close') }
  })
  const { code } = await closed
  const [runtimeServer, http, https, dns] = ['runtime', 'http', 'https', 'dns'].map((name) => opened.get(name))
  const complete = runtimeServer instanceof Server && http instanceof Server && https instanceof Server
  const tcp = new Map(
    ports.flatMap((port) => {
      const server = opened.get(`tcp ${port}`)
      return server instanceof Server ? [[port, server] as const] : []
    }),
  )
  if (code === 0 && complete && dns instanceof DatagramSocket && tcp.size === ports.length)
    return { runtime: runtimeServer, http, https, dns, tcp }
  for (const handle of opened.values())
    if (handle instanceof Server || handle instanceof DatagramSocket) closeQuietly(handle)
  throw new Error(`the listener process ended with ${code}: ${openerSaid()}${said()}`)
}

/** Descriptor 3 says `ready` first and, from bwrap, the box's PID 1 as JSON later. */
function statusOf(shell: ChildProcess): { ready: Promise<void>; boxPid: () => number | undefined } {
  let text = ''
  const { promise, resolve } = Promise.withResolvers<void>()
  shell.stdio[descriptors.status]?.on('data', (chunk: Buffer) => {
    if (text.length < 4_096) text += chunk.toString('latin1')
    if (text.startsWith('ready\n')) resolve()
  })
  return {
    ready: promise,
    boxPid: () => {
      const found = /"child-pid": (\d+)/.exec(text)?.[1]
      return found === undefined ? undefined : Number(found)
    },
  }
}

/** The kernel ends every process of a PID namespace before its first one is gone: waiting for that one is enough. */
async function ended(pid: number | undefined): Promise<void> {
  if (pid === undefined) return
  for (let waitMs = 1; waitMs < 2_000; waitMs *= 2) {
    if (!isAlive(pid)) return
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}

/**
 * The box's PID 1 goes first where there is one, so that bwrap reaps it: the first process of a container often
 * reaps nothing. bwrap then ends by itself, and is made to when it does not.
 */
function kill(shell: ChildProcess, boxPid: number | undefined): void {
  if (shell.exitCode !== null || shell.signalCode !== null) return
  if (boxPid === undefined || !killed(boxPid)) return void shell.kill('SIGKILL')
  setTimeout(() => shell.kill('SIGKILL'), 200).unref()
}

function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

function endOf(child: ChildProcess, event: 'exit' | 'close'): Promise<PodExit> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }))
    child.once(event, (code: number | null, signal: NodeJS.Signals | null) => resolve({ code, signal }))
  })
}

async function orExit(ready: Promise<void>, exited: Promise<PodExit>): Promise<void> {
  const first = await Promise.race([ready, exited])
  if (first !== undefined) throw new Error(`the pod ended with ${first.code ?? first.signal}`)
}

function collect(stream: Readable | null): () => string {
  let text = ''
  stream?.on('data', (chunk: Buffer) => {
    if (text.length < 2_048) text += chunk.toString('utf8')
  })
  return () => text.trim()
}

function end(stream: Readable | Writable | null | undefined, content: string | Uint8Array): void {
  if (stream !== null && stream !== undefined && 'end' in stream) stream.end(content)
}

/** Closes what may be closed already, by whoever served it. */
export function closeQuietly(listener: Server | DatagramSocket): void {
  try {
    listener.close()
  } catch {
    // Already closed by the room that served it: that is what was wanted.
  }
}

function ignoreBrokenPipe(): void {}
