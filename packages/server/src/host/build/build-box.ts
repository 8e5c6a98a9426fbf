import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

import { rootCommandLine, SallyportError } from '@sallyport/core/access'

import { sandboxOptions, systemFolders } from '../box/box-options.ts'
import type { RuntimeFolder } from '../box/runtime-folder.ts'
import { sandboxed } from '../kernel/abandoned.ts'
import { coreLimitOption } from '../kernel/core-files.ts'
import { areComplete, findTools } from '../tools.ts'
import { readRights } from '../../start/index.ts'

/** One job for a box without network in which a script of ours reads an app. */
export interface BuildJob {
  readonly runtime: RuntimeFolder
  readonly script: 'build.mjs' | 'pack.mjs'
  /** Real path of the app folder. */
  readonly app: string
  /** Options of bwrap that mount what the script may read. */
  readonly mounts: readonly string[]
  /** What the script takes on standard input; becomes JSON. */
  readonly job: unknown
  /** Reads what the script says. A rejection ends the box. */
  readonly read: (output: Readable) => Promise<void>
}

const deadlineMs = 60_000

/**
 * Runs one of our scripts over somebody's app: no network, nothing of the host but the system's programs and what is
 * mounted, no capability, no code of the app run. Throws `host.build_box` when the box fails.
 */
export async function runBuildBox({ runtime, script, app, mounts, job, read }: BuildJob): Promise<void> {
  const { found: tools } = findTools()
  if (!areComplete(tools))
    throw new SallyportError('host.isolation_unavailable', 'a build needs bubblewrap', {
      fix: rootCommandLine(process.getuid?.(), 'apt-get', 'install', '-y', 'bubblewrap'),
    })
  const options = [
    [...sandboxOptions, '--unshare-net', '--seccomp', '4'],
    systemFolders(),
    ['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev', '--size', '16777216', '--tmpfs', '/tmp'],
    ['--ro-bind', runtime.node, '/opt/sallyport/node'],
    ['--ro-bind', runtime.inside(script), `/opt/sallyport/${script}`],
    mounts,
    ['--setenv', 'HOME', '/tmp', '--remount-ro', '/', '--chdir', '/'],
  ]
  const limits = ['--nofile=1024', coreLimitOption(), '--']
  const command = [...sandboxed(tools.bwrap, 3), '/opt/sallyport/node', `/opt/sallyport/${script}`]
  const reader = await readerOf(app)
  const filter = openSync(runtime.filter, 'r')
  const box = spawn(tools.prlimit, [...limits, ...command], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', filter],
    env: {},
    cwd: '/',
    ...reader,
  })
  closeSync(filter)
  let said = ''
  box.stderr?.on('data', (chunk: Buffer) => void (said.length < 4_096 && (said += chunk.toString('utf8'))))
  // A box that died before it read says so by its exit.
  for (const stream of box.stdio) stream?.on('error', () => undefined)
  const timer = setTimeout(() => box.kill('SIGKILL'), deadlineMs)
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    box.once('error', reject)
    box.once('close', (code, signal) => resolve({ code, signal }))
  })
  const third: unknown = box.stdio[3]
  if (isWritable(third)) third.end(options.flat().join('\0'))
  box.stdin?.end(JSON.stringify(job))
  try {
    const reading = box.stdout === null ? Promise.resolve() : read(box.stdout)
    const [{ code, signal }] = await Promise.all([ended, reading])
    if (code !== 0)
      throw new SallyportError('host.build_box', `the build box ended with ${code ?? signal}: ${said.trim()}`)
  } finally {
    clearTimeout(timer)
    box.kill('SIGKILL')
    await ended.catch(() => undefined) // already thrown above
  }
}

/** Hides the server's keys: they lie in the app folder, under a name that nothing packed or imported may reach. */
export function hiddenState(app: string, appInBox: string): readonly string[] {
  return existsSync(join(app, '.sallyport')) ? ['--tmpfs', join(appInBox, '.sallyport')] : []
}

/**
 * Who the build runs as, with no capability in its namespace: somebody who is nobody else and reads what the server
 * reads; where root was kept, the app's owner, who can read it wherever it lies.
 */
async function readerOf(app: string): Promise<{ uid?: number; gid?: number }> {
  const rights = readRights()
  if (rights.kind === 'user') return {}
  if (rights.kind === 'dropped') return { uid: rights.block.builder, gid: 0 }
  const { uid, gid } = await stat(app)
  return { uid, gid }
}

function isWritable(stream: unknown): stream is { end(text: string): void } {
  return typeof stream === 'object' && stream !== null && 'end' in stream
}
