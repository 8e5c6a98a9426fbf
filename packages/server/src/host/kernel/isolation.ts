import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch } from 'node:os'

import { commandLine, rootCommandLine } from '@sallyport/core/access'

import { findCgroups } from './cgroups.ts'
import { type CoreFiles, readCoreFiles } from './core-files.ts'
import type { Strength } from '../engine.ts'
import { seccompFilter } from './seccomp.ts'
import { areComplete, findTools, packageOf } from '../tools.ts'
import { bystander, namespaceFix } from '../../start/index.ts'

/** One control that boxes rest on, as this machine has it. */
export interface IsolationFinding {
  readonly control:
    | 'programs'
    | 'user-namespaces'
    | 'system-call-filter'
    | 'memory-and-processes'
    | 'processor'
    | 'core-files'
    | 'function-uid'
    | 'server-rights'
  readonly strength: Strength
  readonly detail: string
  /** The command that mends it, ready to paste. */
  readonly fix?: string
}

/** What boxes on this machine rest on, part by part. */
export interface Isolation {
  /** False when boxes cannot be made at all: then nothing runs. */
  readonly usable: boolean
  readonly strength: Strength
  readonly findings: readonly IsolationFinding[]
}

/** Tries what boxes need, by doing it: a setting that says yes proves nothing. Takes some 20 ms. */
export async function probeIsolation(): Promise<Isolation> {
  const findings = [programs(), await userNamespaces(), systemCallFilter(), ...limits(), coreFiles(), functionUid()]
  return isolationOf(findings)
}

/** What these findings come to: what boxes cannot do without is there, or nothing is. */
export function isolationOf(findings: readonly IsolationFinding[]): Isolation {
  const usable = findings.every(({ control, strength }) => strength !== 'absent' || !hardRequirements.has(control))
  return { usable, strength: usable ? 'hard' : 'absent', findings }
}

/** What boxes cannot do without: where it is absent, nothing runs. */
export const hardRequirements: ReadonlySet<string> = new Set(['programs', 'user-namespaces', 'system-call-filter'])

/** One line for the banner. */
export function describeIsolation({ usable, findings }: Isolation): string {
  if (!usable) return 'isolation: absent'
  const weaker = findings
    .filter(({ strength }) => strength !== 'hard')
    .map(({ control, strength, detail }) => `${control} ${strength} (${detail})`)
  const held =
    "isolation: hard against the function's own code, on a shared kernel (bubblewrap box, empty network, seccomp)"
  return [held, ...weaker].join('; ')
}

function programs(): IsolationFinding {
  const { found, missing } = findTools()
  const control = 'programs'
  if (areComplete(found)) return { control, strength: 'hard', detail: `${found.bwrap}, ${found.unshare}, ${found.ip}` }
  const packages = [...new Set(missing.map((name) => packageOf[name]))]
  return {
    control,
    strength: 'absent',
    detail: `missing: ${missing.join(', ')}`,
    fix: rootCommandLine(process.getuid?.(), 'apt-get', 'install', '-y', ...packages),
  }
}

/** Makes a user and network namespace, then bwrap's nested one inside it, exactly as a pod does. */
async function userNamespaces(): Promise<IsolationFinding> {
  const control = 'user-namespaces'
  const { found } = findTools()
  if (!areComplete(found)) return { control, strength: 'absent', detail: 'not tried: a program is missing' }
  const nested = [
    '--unshare-user',
    '--unshare-pid',
    '--uid',
    '65534',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '--',
    '/bin/true',
  ]
  // Pods are made under functions' uids: what somebody without rights may do is what counts.
  const tried = await run(found.unshare, ['-U', '-r', '-n', '--', found.bwrap, ...nested], bystander())
  if (tried.ok) return { control, strength: 'hard', detail: 'a box inside a new user and network namespace was made' }
  const fix = namespaceFix(setting)
  return { control, strength: 'absent', detail: tried.said.slice(0, 300), ...(fix === undefined ? {} : { fix }) }
}

function systemCallFilter(): IsolationFinding {
  const control = 'system-call-filter'
  if (seccompFilter(arch()) === undefined) return { control, strength: 'absent', detail: `no table for ${arch()}` }
  if (!/^Seccomp:/m.test(setting('/proc/self/status') ?? ''))
    return { control, strength: 'absent', detail: 'the kernel has no seccomp' }
  return { control, strength: 'hard', detail: `seccomp for ${arch()}` }
}

function limits(): readonly IsolationFinding[] {
  const cgroups = findCgroups()
  if (cgroups !== undefined) {
    const detail = `control groups v${cgroups.version}, per box`
    return [
      { control: 'memory-and-processes', strength: 'hard', detail },
      { control: 'processor', strength: 'hard', detail },
    ]
  }
  const fix = commandLine('systemd-run', '--user', '--scope', '-p', 'Delegate=yes', 'sallyport', 'up')
  return [
    { control: 'memory-and-processes', strength: 'cooperative', detail: 'prlimit per process, no control groups', fix },
    { control: 'processor', strength: 'absent', detail: 'only the deadline ends a busy function', fix },
  ]
}

/** What the host does with the memory of a box that crashes. Never required: a pipe is a program of the host's own. */
export function coreFiles({ program, limit }: CoreFiles = readCoreFiles()): IsolationFinding {
  const control = 'core-files'
  if (program === undefined) return { control, strength: 'hard', detail: 'a box that crashes leaves none' }
  const piped = `the kernel pipes core files to ${program}`
  if (limit === 1) return { control, strength: 'hard', detail: `${piped}, but for those of boxes` }
  const how = 'start the server under a hard limit of 1 byte or more, or change kernel.core_pattern'
  return { control, strength: 'cooperative', detail: `${piped}, those of boxes too: ${how}` }
}

function functionUid(): IsolationFinding {
  const control = 'function-uid'
  if (process.getuid?.() === 0) return { control, strength: 'hard', detail: 'each function has its own uid' }
  return {
    control,
    strength: 'cooperative',
    detail: 'server and functions run under your own uid, apart by namespaces only',
  }
}

function setting(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

function run(
  program: string,
  argv: readonly string[],
  identity: { uid?: number; gid?: number },
): Promise<{ ok: boolean; said: string }> {
  const ran = new Promise<{ ok: boolean; said: string }>((resolve) => {
    const child = spawn(program, argv, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {},
      cwd: '/',
      timeout: 5_000,
      ...identity,
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')))
    child.once('error', (error) => resolve({ ok: false, said: error.message }))
    child.once('close', (code) => resolve({ ok: code === 0, said: said.trim() }))
  })
  // Root of a user namespace that maps nobody else can start nothing as somebody else, and is told so at once.
  return ran.catch((error: unknown) => ({ ok: false, said: `as uid ${identity.uid}: ${String(error)}` }))
}
