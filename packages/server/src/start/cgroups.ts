import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import { type CgroupFiles, kernelFiles } from './cgroup-files.ts'

/** Where this process may make control groups. */
export interface CgroupRoots {
  readonly version: 1 | 2
  /** v1: a folder per controller, v2: the same folder for all. */
  readonly folders: Readonly<Record<Controller, string>>
  readonly files: CgroupFiles
}

/** What of a machine a box may use at most. */
export type Controller = 'memory' | 'pids' | 'cpu'
/** All of them. */
export const controllers: readonly Controller[] = ['memory', 'pids', 'cpu']

/**
 * Finds writable control groups below this process's own. Undefined when there are none, so that the caller names
 * its fallback. The two texts and the files are parameters because a kernel with the other version is not at hand.
 */
export function findCgroups(
  mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8'),
  membership: string = readFileSync('/proc/self/cgroup', 'utf8'),
  files: CgroupFiles = kernelFiles,
  self: number = process.pid,
): CgroupRoots | undefined {
  const mounts = mountinfo.split('\n').flatMap(parseMount)
  const own = new Map(membership.split('\n').flatMap(parseMembership))
  const [memory, pids, cpu] = controllers.map((controller) => {
    const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller))
    if (mount === undefined) return undefined
    return [ownPath(mount, own.get(controller)), mount.at].find((folder) => isWritable(files, folder))
  })
  if (memory !== undefined && pids !== undefined && cpu !== undefined)
    return { version: 1, folders: { memory, pids, cpu }, files }
  const unified = mounts.find(({ type }) => type === 'cgroup2')
  const folder = unified === undefined ? undefined : findUnified(files, unified.at, ownPath(unified, own.get('')), self)
  return folder === undefined
    ? undefined
    : { version: 2, folders: { memory: folder, pids: folder, cpu: folder }, files }
}

/** Where whoever would stand in the way of groups moves to. */
export const serverLeaf = 'sallyport-server'

/**
 * v2: a folder whose children have the controllers. A group that holds processes cannot give its children any
 * (cgroups(7), "no internal processes"). Where this process is alone in its group, as in a service of its own, it moves
 * into a leaf of it, so that whoever manages the service finds all of it there. Else the group above is tried, whose
 * other children are left alone, and at last all processes of our own group move, as systemd asks of a delegated scope.
 */
function findUnified(files: CgroupFiles, mount: string, own: string, self: number): string | undefined {
  const above = join(own, '..')
  const passesOn = (folder: string): boolean => isWritable(files, folder, (probe) => passesControllers(files, probe))
  const passesOnFromLeaf = (): boolean => {
    if (basename(own) === serverLeaf || !isWritable(files, own)) return false
    const leaf = join(own, serverLeaf)
    if (moveAll(files, own, leaf) && passesOn(own)) return true
    moveAll(files, leaf, own) // back in its place: nothing was won by it
    files.removeFolder(leaf)
    return false
  }
  if (passesOn(own)) return own
  const isAlone = pidsOf(files, own).every((pid) => pid === String(self))
  if (isAlone && own !== mount && passesOnFromLeaf()) return own
  if (above.startsWith(mount) && passesOn(above)) return above
  return passesOnFromLeaf() ? own : undefined
}

/** False when a process could not be moved; those before it were. */
function moveAll(files: CgroupFiles, from: string, to: string): boolean {
  try {
    files.makeFolder(to)
    for (const pid of pidsOf(files, from)) files.write(join(to, 'cgroup.procs'), pid)
    return true
  } catch {
    return false
  }
}

interface Mount {
  readonly root: string
  readonly at: string
  readonly type: string
  readonly options: readonly string[]
}

/** `36 35 98:0 /root /mount/point rw,relatime - cgroup cgroup rw,memory` (proc_pid_mountinfo(5)). */
function parseMount(line: string): readonly Mount[] {
  const [before = '', after = ''] = line.split(' - ')
  const [, , , root, at] = before.split(' ')
  const [type, , options] = after.split(' ')
  if (root === undefined || at === undefined || type === undefined || options === undefined) return []
  return [{ root, at, type, options: options.split(',') }]
}

/** `4:memory:/some/path`, or `0::/some/path` for v2 (cgroups(7)). */
function parseMembership(line: string): readonly (readonly [string, string])[] {
  const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
  return names === undefined || path === undefined ? [] : names.split(',').map((name) => [name, path] as const)
}

function ownPath(mount: Mount, path = '/'): string {
  const below = path.startsWith(mount.root) ? path.slice(mount.root === '/' ? 0 : mount.root.length) : path
  return join(mount.at, below)
}

/** A group can really be made there; asking for permissions would not say so. */
function isWritable(files: CgroupFiles, folder: string, suits: (probe: string) => boolean = () => true): boolean {
  const probe = join(folder, `sallyport-probe-${process.pid}`)
  try {
    files.makeFolder(probe)
  } catch {
    return false
  }
  const suitable = suits(probe)
  files.removeFolder(probe)
  return suitable
}

/** v2: the folder above passes memory, pids and cpu on to this child, or can be told to. */
function passesControllers(files: CgroupFiles, child: string): boolean {
  const has = (): boolean =>
    controllers.every((name) => (files.read(join(child, 'cgroup.controllers')) ?? '').split(/\s/).includes(name))
  if (has()) return true
  enableControllers(files, join(child, '..'))
  return has()
}

/** v2: has a group pass them on to those in it, where it may. */
export function enableControllers(files: CgroupFiles, folder: string): void {
  tryWrite(files, join(folder, 'cgroup.subtree_control'), controllers.map((name) => `+${name}`).join(' '))
}

/** Who is in a group. */
export function pidsOf(files: CgroupFiles, group: string): readonly string[] {
  return (files.read(join(group, 'cgroup.procs')) ?? '').split('\n').filter((pid) => pid !== '')
}

/** False where the kernel has no such file, or says no: for settings that some kernels lack. */
export function tryWrite(files: CgroupFiles, file: string, value: string): boolean {
  try {
    files.write(file, value)
    return true
  } catch {
    return false
  }
}
