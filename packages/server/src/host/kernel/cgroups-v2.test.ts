import { describe, expect, it } from 'vitest'

import { createBoxGroup, engineGroups, findCgroups, removeEngineGroups } from './cgroups.ts'
import { type FakeCgroups, fakeCgroups } from '../testing/fake-cgroups.ts'

const mounts = '30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate'
const mount = '/sys/fs/cgroup'
const limits = { memoryBytes: 268_435_456, maxProcesses: 64, cpuMillis: 1_000 }
const passes = ['cpu', 'memory', 'pids']
const engine = 'sallyport-7-0a'

/** A user's session: the scope holds this process, the slice above it belongs to the user and passes controllers on. */
function session(): FakeCgroups {
  return fakeCgroups({
    [mount]: { passes, closed: true },
    [`${mount}/user.slice`]: { passes },
    [`${mount}/user.slice/app.scope`]: { pids: [7, 8] },
  })
}

/** A container: this process is in the root of what it sees, and nothing is passed on yet. */
function container(): FakeCgroups {
  return fakeCgroups({ '/': { closed: true }, [mount]: { passes: [] }, [`${mount}/app`]: { pids: [7] } })
}

describe('control groups v2', () => {
  it('are made beside the group of this process, which holds processes and can have none', () => {
    const files = session()
    const roots = findCgroups(mounts, '0::/user.slice/app.scope', files)
    expect(roots).toMatchObject({ version: 2, folders: { memory: `${mount}/user.slice` } })
    expect(files.groupOf(7)).toBe(`${mount}/user.slice/app.scope`)
    expect(files.paths().filter((path) => path.includes('probe'))).toEqual([])
  })

  it('limit memory without swap, processes and processor, and end together', () => {
    const files = session()
    const roots = findCgroups(mounts, '0::/user.slice/app.scope', files)
    if (roots === undefined) throw new Error('none found')
    const group = createBoxGroup(roots, engine, 'box', limits)
    for (const entrance of group.entrances) files.write(entrance, '41')
    const box = `${mount}/user.slice/${engine}/box`
    expect(files.groupOf(41)).toBe(box)
    const names = ['memory.max', 'memory.swap.max', 'memory.oom.group', 'pids.max', 'cpu.max']
    expect(names.map((name) => files.written(`${box}/${name}`))).toEqual(['268435456', '0', '1', '64', '100000 100000'])
    group.share(4)
    expect(files.written(`${box}/cpu.weight`)).toBe('25')
    expect(group.outOfMemoryKills()).toBe(0)
    files.write(`${box}/memory.events`, 'low 0\noom 1\noom_kill 2\n')
    expect(group.outOfMemoryKills()).toBe(2)
    expect(group.remove(), 'while somebody is in it').toBe(false)
    group.kill()
    expect([...files.ended]).toEqual([41])
    expect(group.remove()).toBe(true)
    expect(engineGroups(roots)).toEqual([engine])
    removeEngineGroups(roots, engine)
    expect(engineGroups(roots)).toEqual([])
  })

  it('end one process after the other where the kernel has no cgroup.kill', () => {
    const files = fakeCgroups({ '/': { closed: true }, [mount]: { passes: [] } }, { lacks: ['cgroup.kill'] })
    const roots = findCgroups(mounts, '0::/', files)
    if (roots === undefined) throw new Error('none found')
    const group = createBoxGroup(roots, engine, 'box', limits)
    for (const pid of ['41', '42']) for (const entrance of group.entrances) files.write(entrance, pid)
    group.kill()
    expect([...files.ended]).toEqual([41, 42])
  })

  it('need no swap limit where the kernel counts no swap, and are none without a memory limit', () => {
    const lacking = (name: string) => {
      const files = fakeCgroups({ '/': { closed: true }, [mount]: { passes: [] } }, { lacks: [name] })
      const roots = findCgroups(mounts, '0::/', files)
      return () => (roots === undefined ? undefined : createBoxGroup(roots, engine, 'box', limits))
    }
    expect(lacking('memory.swap.max')).not.toThrow()
    expect(lacking('memory.max')).toThrow()
  })

  it('move this process into a leaf where its group is its own and nobody above may be asked', () => {
    const files = fakeCgroups({
      '/': { closed: true },
      [mount]: { passes, closed: true },
      [`${mount}/scope`]: { pids: [7, 8] },
    })
    expect(findCgroups(mounts, '0::/scope', files)).toMatchObject({ folders: { memory: `${mount}/scope` } })
    expect([7, 8].map((pid) => files.groupOf(pid))).toEqual(Array(2).fill(`${mount}/scope/sallyport-server`))
    // Asked again, from the leaf.
    expect(findCgroups(mounts, '0::/scope/sallyport-server', files)).toMatchObject({
      folders: { memory: `${mount}/scope` },
    })
  })

  it('are not found where none may be made, or where the controllers are not passed on', () => {
    const closed = fakeCgroups({ '/': { closed: true }, [mount]: { pids: [7], closed: true } })
    expect(findCgroups(mounts, '0::/', closed)).toBeUndefined()
    const without = fakeCgroups({
      '/': { closed: true },
      [mount]: { passes: ['io'], closed: true },
      [`${mount}/scope`]: { pids: [7] },
    })
    expect(findCgroups(mounts, '0::/scope', without)).toBeUndefined()
    expect(without.groupOf(7), 'back in its place').toBe(`${mount}/scope`)
  })

  it('are found in a container, whose root is spared', () => {
    const files = container()
    expect(findCgroups(mounts, '0::/app', files)).toMatchObject({ folders: { memory: mount } })
  })
})
