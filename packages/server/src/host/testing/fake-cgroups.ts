import { dirname, join } from 'node:path'

import type { CgroupFiles } from '../../start/index.ts'

interface Group {
  /** What the group above passes on. */
  controllers: Set<string>
  /** What this one passes on. */
  readonly passes: Set<string>
  readonly pids: Set<number>
  readonly written: Map<string, string>
  /** Only whoever owns it may make groups in it or move processes into it. */
  readonly closed: boolean
}

interface Planted {
  readonly pids?: readonly number[]
  readonly passes?: readonly string[]
  readonly closed?: boolean
}

/** A tree of control groups v2 in memory, with the rules of cgroups(7) that a maker of groups meets. */
export interface FakeCgroups extends CgroupFiles {
  /** What was last written to a file. */
  written(path: string): string | undefined
  /** Where a process is. */
  groupOf(pid: number): string | undefined
  paths(): readonly string[]
  /** Processes that were ended. */
  readonly ended: Set<number>
}

/** `groups` names those that stand there: who is in them, what they pass on, and whether they are somebody else's. */
export function fakeCgroups(
  groups: Readonly<Record<string, Planted>>,
  { lacks = [] }: { readonly lacks?: readonly string[] } = {},
): FakeCgroups {
  const all = ['cpu', 'io', 'memory', 'pids']
  const tree = new Map<string, Group>()
  const ended = new Set<number>()
  const add = (path: string, { pids = [], passes = [], closed = false }: Planted = {}): void => {
    const above = tree.get(dirname(path))
    const controllers = new Set(above === undefined ? all : above.passes)
    tree.set(path, { controllers, passes: new Set(passes), pids: new Set(pids), written: new Map(), closed })
  }
  for (const [path, group] of Object.entries(groups)) add(path, group)
  const children = (path: string): string[] => [...tree.keys()].filter((one) => dirname(one) === path && one !== path)
  const below = (path: string): string[] => [path, ...children(path).flatMap(below)]
  const fail = (code: string): never => {
    throw Object.assign(new Error(code), { code })
  }
  const groupAt = (file: string): Group => tree.get(dirname(file)) ?? fail('ENOENT')

  function writeFile(file: string, group: Group, name: string, text: string): void {
    switch (name) {
      case 'cgroup.subtree_control': {
        const wanted = text.split(' ').map((word) => word.slice(1))
        if (group.closed) fail('EACCES')
        if (wanted.some((controller) => !group.controllers.has(controller))) fail('ENOENT')
        // The root of a mount is spared the rule against inner processes.
        if (group.pids.size > 0 && tree.has(dirname(dirname(file)))) fail('EBUSY')
        for (const controller of wanted) group.passes.add(controller)
        for (const child of children(dirname(file))) {
          for (const controller of wanted) tree.get(child)?.controllers.add(controller)
        }
        return
      }
      case 'cgroup.procs':
        if (group.closed) fail('EACCES')
        if (group.passes.size > 0) fail('EBUSY')
        for (const other of tree.values()) other.pids.delete(Number(text))
        group.pids.add(Number(text))
        return
      case 'cgroup.kill':
        for (const path of below(dirname(file))) {
          for (const pid of tree.get(path)?.pids ?? []) ended.add(pid)
          tree.get(path)?.pids.clear()
        }
        return
      default:
        if (!group.controllers.has(name.split('.')[0] ?? '')) fail('ENOENT')
        group.written.set(name, text)
    }
  }

  return {
    ended,
    makeFolder: (path) => {
      const missing = []
      for (let at = path; !tree.has(at); at = dirname(at)) missing.unshift(at)
      for (const one of missing) {
        if (tree.get(dirname(one))?.closed !== false) fail('EACCES')
        add(one)
      }
    },
    removeFolder: (path) => {
      const group = tree.get(path)
      if (group !== undefined && (group.pids.size > 0 || children(path).length > 0)) return false
      tree.delete(path)
      return true
    },
    folders: (path) => children(path).map((one) => one.slice(path.length + 1)),
    read: (file) => {
      const group = tree.get(dirname(file))
      const name = file.slice(dirname(file).length + 1)
      if (group === undefined || lacks.includes(name)) return undefined
      if (name === 'cgroup.controllers') return [...group.controllers].join(' ')
      if (name === 'cgroup.procs') return [...group.pids].map((pid) => `${pid}\n`).join('')
      return group.written.get(name)
    },
    write: (file, text) => {
      const name = file.slice(dirname(file).length + 1)
      if (lacks.includes(name)) fail('ENOENT')
      writeFile(file, groupAt(file), name, text)
    },
    endProcess: (pid) => {
      ended.add(pid)
      for (const group of tree.values()) group.pids.delete(pid)
    },
    written: (file) => tree.get(dirname(file))?.written.get(file.slice(dirname(file).length + 1)),
    groupOf: (pid) => [...tree].find(([, group]) => group.pids.has(pid))?.[0],
    paths: () => [...tree.keys()].map((path) => join(path)),
  }
}
