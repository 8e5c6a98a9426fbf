import { join } from 'node:path'

import {
  type CgroupRoots,
  type Controller,
  controllers,
  enableControllers,
  findCgroups,
  pidsOf,
  tryWrite,
} from '../../start/index.ts'

export { type CgroupRoots, findCgroups }

/** What one box may use at most. */
export interface Limits {
  readonly memoryBytes: number
  readonly maxProcesses: number
  /** Thousandths of one processor. */
  readonly cpuMillis: number
}

/** The control groups of one box. */
export interface BoxGroup {
  /** Whoever writes 0 into each of these files is under the limits, with all that it will start. */
  readonly entrances: readonly string[]
  /**
   * Where processors are short, so many such groups together get what one would get: a function that has many boxes at
   * work is then no heavier than one that has one. Does nothing where the kernel has no such setting.
   */
  share(among: number): void
  /** How often the kernel ended something in here for want of memory. */
  outOfMemoryKills(): number
  /** Ends every process in here at once, whoever its parent is. */
  kill(): void
  /** Removes the groups; they must be empty. False while the kernel still counts a process in them. */
  remove(): boolean
}

/** Makes the groups of one box under a folder of this engine's own. */
export function createBoxGroup(roots: CgroupRoots, engine: string, box: string, limits: Limits): BoxGroup {
  const { files, folders, version } = roots
  const places = [...new Set(controllers.map((controller) => join(folders[controller], engine, box)))]
  for (const place of places) files.makeFolder(place)
  if (version === 2) {
    // Each group on the way must pass them on; the engine's folder was made just now, before this box's.
    for (const folder of [folders.memory, join(folders.memory, engine)]) enableControllers(files, folder)
  }
  const at = (controller: Controller, file: string): string => join(folders[controller], engine, box, file)
  for (const [controller, file, value, required] of settings(version, limits)) {
    if (required) files.write(at(controller, file), String(value))
    else tryWrite(files, at(controller, file), String(value))
  }
  return {
    entrances: places.map((place) => join(place, 'cgroup.procs')),
    share: (among) => {
      const [file, whole] = version === 1 ? (['cpu.shares', 1_024] as const) : (['cpu.weight', 100] as const)
      tryWrite(files, at('cpu', file), String(Math.max(2, Math.round(whole / among))))
    },
    outOfMemoryKills: () => {
      const file = at('memory', version === 1 ? 'memory.oom_control' : 'memory.events')
      return Number(/^oom_kill (\d+)/m.exec(files.read(file) ?? '')?.[1] ?? 0)
    },
    kill: () => {
      if (version === 2 && tryWrite(files, at('pids', 'cgroup.kill'), '1')) return
      for (const pid of pidsOf(files, join(folders.pids, engine, box))) files.endProcess(Number(pid))
    },
    remove: () => places.map((place) => files.removeFolder(place)).every(Boolean),
  }
}

/** Removes what an engine, perhaps one that was killed, left. Only empty groups go. */
export function removeEngineGroups(roots: CgroupRoots, engine: string): void {
  const { files } = roots
  for (const folder of new Set(Object.values(roots.folders))) {
    for (const name of files.folders(join(folder, engine))) files.removeFolder(join(folder, engine, name))
    files.removeFolder(join(folder, engine))
  }
}

/** Engine folders that stand there now. */
export function engineGroups(roots: CgroupRoots): readonly string[] {
  return roots.files.folders(roots.folders.memory).filter((name) => /^sallyport-\d+-/.test(name))
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
