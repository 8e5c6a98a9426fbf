import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What one box may use at most. */
export interface Limits {
  readonly memoryBytes: number
  readonly maxProcesses: number
  /** Thousandths of one processor. */
  readonly cpuMillis: number
}

/** The control groups of one box. */
export interface BoxGroup {
  /** Puts a process, and all it will start, under the limits. Call it before any function code runs. */
  add(pid: number): void
  /** How often the kernel ended something in here for want of memory. */
  outOfMemoryKills(): number
  /** Removes the groups; they must be empty. False while the kernel still counts a process in them. */
  remove(): boolean
}

/** Where this process may make control groups. */
export interface CgroupRoots {
  readonly version: 1 | 2
  /** v1: a folder per controller, v2: the same folder for all. */
  readonly folders: Readonly<Record<Controller, string>>
}

type Controller = 'memory' | 'pids' | 'cpu'
const controllers: readonly Controller[] = ['memory', 'pids', 'cpu']

/**
 * Finds writable control groups below this process's own. Undefined when there are none, so that the caller names
 * its fallback. The two texts are parameters because a kernel with the other version is not at hand to test on.
 */
export function findCgroups(
  mountinfo: string = readFileSync('/proc/self/mountinfo', 'utf8'),
  membership: string = readFileSync('/proc/self/cgroup', 'utf8'),
): CgroupRoots | undefined {
  const mounts = mountinfo.split('\n').flatMap(parseMount)
  const own = new Map(membership.split('\n').flatMap(parseMembership))
  const v1 = controllers.map((controller) => {
    const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller))
    return mount === undefined ? undefined : writable([ownPath(mount, own.get(controller)), mount.at])
  })
  const [memory, pids, cpu] = v1
  if (memory !== undefined && pids !== undefined && cpu !== undefined)
    return { version: 1, folders: { memory, pids, cpu } }
  const unified = mounts.find(({ type }) => type === 'cgroup2')
  if (unified === undefined) return undefined
  const at = ownPath(unified, own.get(''))
  const folder = writable(
    [at, join(at, '..')].filter((path) => path.startsWith(unified.at)),
    delegates,
  )
  return folder === undefined ? undefined : { version: 2, folders: { memory: folder, pids: folder, cpu: folder } }
}

/** Makes the groups of one box under a folder of this engine's own. */
export function createBoxGroup(roots: CgroupRoots, engine: string, box: string, limits: Limits): BoxGroup {
  const places = [...new Set(controllers.map((controller) => join(roots.folders[controller], engine, box)))]
  for (const place of places) mkdirSync(place, { recursive: true })
  if (roots.version === 2) enableControllers(join(roots.folders.memory, engine))
  const at = (controller: Controller, file: string): string => join(roots.folders[controller], engine, box, file)
  for (const [controller, file, value, required] of settings(roots.version, limits)) {
    write(at(controller, file), value, required)
  }
  return {
    add: (pid) => {
      for (const place of places) writeFileSync(join(place, 'cgroup.procs'), String(pid))
    },
    outOfMemoryKills: () => {
      const file = at('memory', roots.version === 1 ? 'memory.oom_control' : 'memory.events')
      return Number(/^oom_kill (\d+)/m.exec(read(file))?.[1] ?? 0)
    },
    remove: () => places.map(removeFolder).every(Boolean),
  }
}

/** Removes what an engine, perhaps one that was killed, left. Only empty groups go. */
export function removeEngineGroups(roots: CgroupRoots, engine: string): void {
  for (const folder of new Set(Object.values(roots.folders))) removeTree(join(folder, engine))
}

/** Engine folders that stand there now. */
export function engineGroups(roots: CgroupRoots): readonly string[] {
  return list(roots.folders.memory).filter((name) => name.startsWith('sallyport-'))
}

type Setting = readonly [controller: Controller, file: string, value: string | number, required: boolean]

function settings(version: 1 | 2, { memoryBytes, maxProcesses, cpuMillis }: Limits): readonly Setting[] {
  const periodUs = 100_000
  const quotaUs = cpuMillis * 100
  if (version === 1) {
    return [
      ['memory', 'memory.limit_in_bytes', memoryBytes, true],
      ['memory', 'memory.memsw.limit_in_bytes', memoryBytes, false], // absent where the kernel has no swap accounting
      ['pids', 'pids.max', maxProcesses, true],
      ['cpu', 'cpu.cfs_period_us', periodUs, true],
      ['cpu', 'cpu.cfs_quota_us', quotaUs, true],
    ]
  }
  return [
    ['memory', 'memory.max', memoryBytes, true],
    ['memory', 'memory.swap.max', 0, false],
    ['memory', 'memory.oom.group', 1, false],
    ['pids', 'pids.max', maxProcesses, true],
    ['cpu', 'cpu.max', `${quotaUs} ${periodUs}`, true],
  ]
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

/** The first folder in which a group can really be made; asking for permissions would not say so. */
function writable(candidates: readonly string[], suits: (probe: string) => boolean = () => true): string | undefined {
  return candidates.find((folder) => {
    const probe = join(folder, `sallyport-probe-${process.pid}`)
    try {
      mkdirSync(probe)
    } catch {
      return false
    }
    const suitable = suits(probe)
    removeFolder(probe)
    return suitable
  })
}

/** v2: the folder passes memory, pids and cpu on to its children, or can be told to. */
function delegates(probe: string): boolean {
  const has = (): boolean =>
    controllers.every((name) => read(join(probe, 'cgroup.controllers')).split(/\s/).includes(name))
  if (has()) return true
  enableControllers(join(probe, '..'))
  return has()
}

function enableControllers(folder: string): void {
  write(join(folder, 'cgroup.subtree_control'), controllers.map((name) => `+${name}`).join(' '), false)
}

function write(file: string, value: string | number, required: boolean): void {
  try {
    writeFileSync(file, String(value))
  } catch (error) {
    if (required) throw error
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

function removeTree(folder: string): void {
  for (const name of list(folder)) removeFolder(join(folder, name))
  removeFolder(folder)
}
