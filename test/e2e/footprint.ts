import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

import { engineGroups, findCgroups } from '../../packages/server/src/host/index.ts'

/** A process that cannot be mistaken for a later one with the same number. */
interface Identified {
  readonly pid: number
  readonly startedAt: string
  readonly command: string
}

/** Everything that a running server has made outside its own memory. */
export interface Footprint {
  readonly processes: readonly Identified[]
  /**
   * What its boxes live in, each as all of its namespaces. The kernel soon gives a single number to another, so what
   * differs from ours in one alone tells nothing later.
   */
  readonly namespaces: ReadonlySet<string>
  readonly groups: readonly string[]
  readonly mounts: string
}

/** Takes the footprint of a server and of everything that it started. */
export function footprintOf(server: number): Footprint {
  const pids = [server, ...descendantsOf(server)]
  const ours = namespacesOf('self')
  const all = pids.map((pid) => namespacesOf(String(pid)))
  return {
    processes: pids.flatMap((pid) => identify(pid) ?? []),
    namespaces: new Set(all.filter((names) => names !== '' && differ(names, ours) > 1)),
    groups: groupsOf(server),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
  }
}

/** All that was ever seen of one server; of mounts, those that were there first. */
export function union(footprints: readonly Footprint[]): Footprint {
  const seen = footprints.flatMap(({ processes }) => processes)
  return {
    processes: [...new Map(seen.map((one) => [`${one.pid} ${one.startedAt}`, one])).values()],
    namespaces: new Set(footprints.flatMap(({ namespaces }) => [...namespaces])),
    groups: [...new Set(footprints.flatMap(({ groups }) => groups))],
    mounts: footprints[0]?.mounts ?? '',
  }
}

/** What is still there of a footprint, each thing in words; empty when all is gone. */
export function leftOf(before: Footprint): readonly string[] {
  const processes = before.processes.filter(({ pid, startedAt }) => identify(pid)?.startedAt === startedAt)
  const present = new Set(numbers().map((pid) => namespacesOf(String(pid))))
  const groups = new Set(currentGroups())
  const now = readFileSync('/proc/self/mountinfo', 'utf8')
  return [
    ...processes.map(({ pid, command }) => `process ${pid} ${command}`),
    ...[...before.namespaces].filter((name) => present.has(name)).map((name) => `namespaces ${name}`),
    ...before.groups.filter((name) => groups.has(name)).map((name) => `control group ${name}`),
    ...now
      .split('\n')
      .filter((line) => line !== '' && !before.mounts.includes(line))
      .map((line) => `mount ${line}`),
  ]
}

/** By the lists that the kernel keeps: a look at every process of a busy machine takes longer than a start. */
function descendantsOf(pid: number): readonly number[] {
  const children = tasksOf(pid).flatMap((task) => numbersIn(`/proc/${pid}/task/${task}/children`))
  return children.flatMap((child) => [child, ...descendantsOf(child)])
}

function tasksOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return [] // it has ended
  }
}

function numbersIn(file: string): readonly number[] {
  try {
    return readFileSync(file, 'latin1').split(' ').filter(Boolean).map(Number)
  } catch {
    return [] // it has ended
  }
}

const numbers = (): readonly number[] =>
  readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))

/** The fields of /proc/PID/stat after the command, which may hold anything (proc_pid_stat(5)). */
function stat(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
  } catch {
    return [] // it has ended
  }
}

/** Undefined for what has ended, also where nobody has taken notice of it yet. */
function identify(pid: number): Identified | undefined {
  const fields = stat(pid)
  const [state, startedAt] = [fields[0], fields[19]]
  if (startedAt === undefined || state === 'Z' || state === 'X') return undefined
  return { pid, startedAt, command: commandOf(pid) }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').slice(0, 120)
  } catch {
    return '' // it has ended since, as whoever looks again will see
  }
}

function differ(one: string, other: string): number {
  const others = new Set(other.split(' '))
  return one.split(' ').filter((name) => !others.has(name)).length
}

function namespacesOf(pid: string): string {
  try {
    return ['net', 'mnt', 'pid', 'user'].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`)).join(' ')
  } catch {
    return '' // it has ended, or it is another user's
  }
}

/** Also those that a server without root made in the group that it was given. */
function currentGroups(): readonly string[] {
  const roots = findCgroups()
  if (roots === undefined) return []
  const { files, folders } = roots
  const given = files.folders(folders.memory).filter((name) => /^sallyport\.\d+$/.test(name))
  const within = (name: string) => ({ ...roots, folders: { ...folders, memory: join(folders.memory, name) } })
  return [roots, ...given.map(within)].flatMap(engineGroups)
}

const groupsOf = (server: number): readonly string[] =>
  currentGroups().filter((name) => name.startsWith(`sallyport-${server}-`))
