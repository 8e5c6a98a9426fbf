import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

import { engineGroups, findCgroups } from '../kernel/cgroups.ts'

/** How many of each thing this process has, of what the kernel keeps. */
export type Inventory = ReadonlyMap<string, number>

/** A process below another, and the way to it: the first is that one's child, the last it itself. */
export interface Descendant {
  readonly pid: number
  readonly way: readonly number[]
}

/** Processes, namespaces, descriptors, mounts and control groups, now. */
export function inventory(): Inventory {
  const roots = findCgroups()
  const groups = roots === undefined ? [] : engineGroups(roots).filter((name) => name.includes(`-${process.pid}-`))
  const below = processesBelow(process.pid).map(({ pid }) => pid)
  const own = namespaces(process.pid)
  return new Map([
    ['processes', below.length],
    ['namespaces', new Set(below.map(namespaces).filter((one) => one !== '' && one !== own)).size],
    ['descriptors', readdirSync('/proc/self/fd').length],
    ['mounts', read('/proc/self/mountinfo').split('\n').length],
    ['control groups', groups.length],
  ])
}

/** What there is more of than before, in words. A process that has just ended may be counted for a moment longer. */
export async function leftSince(before: Inventory): Promise<readonly string[]> {
  let left: readonly string[] = []
  for (let waitMs = 10; waitMs < 5_000; waitMs *= 2) {
    left = [...inventory()].flatMap(([what, now]) => {
      const more = now - (before.get(what) ?? 0)
      return more > 0 ? [`${more} more ${what}`] : []
    })
    if (left.length === 0) return left
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
  return left
}

/** Every living process below this one. */
export function processesBelow(pid: number): readonly Descendant[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    const [, state = 'X', parent = ''] = /^\d+ \(.*\) (\S) (\d+)/s.exec(read(`/proc/${name}/stat`)) ?? []
    if (state === 'Z' || state === 'X') continue
    children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)])
  }
  const below = (of: number, way: readonly number[]): readonly Descendant[] =>
    (children.get(of) ?? []).flatMap((one) => [{ pid: one, way: [...way, one] }, ...below(one, [...way, one])])
  return below(pid, [])
}

function namespaces(pid: number): string {
  try {
    return ['net', 'mnt', 'pid', 'user'].map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`)).join(' ')
  } catch {
    return '' // it has ended, or is another user's
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
