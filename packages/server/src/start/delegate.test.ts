import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { type FakeCgroups, fakeCgroups } from '../host/testing/fake-cgroups.ts'
import { findCgroups } from './cgroups.ts'
import { delegateGroups } from './delegate.ts'
import { blockAt } from './uid-block.ts'

const block = blockAt(1_900_000_000)
const mount = '/sys/fs/cgroup'
const mounts = `30 25 0:26 / ${mount} rw - cgroup2 cgroup2 rw`
const passes = ['cpu', 'memory', 'pids']

function delegated(files: FakeCgroups, membership: string): ReadonlyMap<string, number> {
  const given = new Map<string, number>()
  const roots = findCgroups(mounts, membership, files, 7)
  if (roots === undefined) throw new Error('none found')
  delegateGroups(roots, block, 7, (path, uid) => void given.set(path, uid))
  return given
}

const slice = `${mount}/system.slice`
const machine = (pids: readonly number[], more: Readonly<Record<string, object>> = {}): FakeCgroups =>
  fakeCgroups({
    '/': { closed: true },
    [mount]: { passes },
    [slice]: { passes },
    [`${slice}/shop.service`]: { pids },
    ...more,
  })

describe('control groups v2 for a server without root', () => {
  for (const [where, pids, folder] of [
    ['in the group of its service, where it is alone', [7], `${slice}/shop.service`],
    ['beside a group that others are in', [7, 8], slice],
  ] as const) {
    it(`are given to its uid ${where}; it is in them and finds them again`, () => {
      const files = machine(pids)
      const given = delegated(files, '0::/system.slice/shop.service')
      const own = `${folder}/sallyport.${block.server}`
      const home = `${own}/sallyport-server`
      expect(new Set(given.values())).toEqual(new Set([block.server]))
      for (const path of [own, home, `${own}/cgroup.procs`]) expect([...given.keys()]).toContain(path)
      expect(files.groupOf(7)).toBe(home)
      expect(files.folders(folder).filter((name) => name.startsWith('sallyport'))).toEqual([
        `sallyport.${block.server}`,
      ])
      const found = findCgroups(mounts, `0::${home.slice(mount.length)}`, files, 7)
      expect(found).toMatchObject({ version: 2, folders: { memory: own } })
      expect(files.groupOf(7), 'it stays where it is').toBe(home)
    })
  }

  it('that ended servers left are removed; one that somebody is in stays', () => {
    const files = machine([7, 8], {
      [`${slice}/sallyport.1900001000`]: { passes },
      [`${slice}/sallyport.1900001000/sallyport-server`]: {},
      [`${slice}/sallyport.1900002000`]: { passes },
      [`${slice}/sallyport.1900002000/sallyport-server`]: { pids: [9] },
    })
    delegated(files, '0::/system.slice/shop.service')
    const names = files.folders(slice).filter((name) => name.startsWith('sallyport.'))
    expect(names.toSorted()).toEqual([`sallyport.${block.server}`, 'sallyport.1900002000'])
  })
})

describe('control groups v1 for a server without root', () => {
  it('are one for each controller, found again by who is in it, and nothing else is made on the way', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-delegate-'))
    try {
      const mountsOfOne = ['memory', 'pids', 'cpu'].map((name) => {
        mkdirSync(join(folder, name))
        return `30 25 0:26 / ${join(folder, name)} rw - cgroup cgroup rw,${name}`
      })
      const at = (path: string) => `1:memory:${path}\n2:pids:${path}\n3:cpu:${path}`
      const roots = findCgroups(mountsOfOne.join('\n'), at('/'))
      if (roots === undefined) throw new Error('none found')
      const given: string[] = []
      delegateGroups(roots, block, 7, (path) => void given.push(path))
      const own = `sallyport.${block.server}`
      expect(given).toEqual(['memory', 'pids', 'cpu'].map((name) => join(folder, name, own)))
      expect(readFileSync(join(folder, 'pids', own, 'cgroup.procs'), 'utf8')).toBe('7')
      const found = findCgroups(mountsOfOne.join('\n'), at(`/${own}`))
      expect(found).toMatchObject({ version: 1, folders: { memory: join(folder, 'memory', own) } })
      expect(readdirSync(join(folder, 'memory', own))).toEqual(['cgroup.procs'])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
