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
  const roots = findCgroups(mounts, membership, files, { kind: 'root' })
  if (roots === undefined) throw new Error('none found')
  delegateGroups(roots, block, 7, (path, uid) => void given.set(path, uid))
  return given
}

const service = (more: Readonly<Record<string, object>> = {}): FakeCgroups =>
  fakeCgroups({
    '/': { closed: true },
    [mount]: { passes },
    [`${mount}/system.slice`]: { passes },
    [`${mount}/system.slice/shop.service`]: { pids: [7] },
    ...more,
  })

describe('control groups v2 for a server without root', () => {
  it('are given to its uid, which is in them and finds them again', () => {
    const files = service()
    const given = delegated(files, '0::/system.slice/shop.service')
    const own = `${mount}/system.slice/sallyport.${block.server}`
    expect(new Set(given.values())).toEqual(new Set([block.server]))
    for (const path of [own, `${own}/server`, `${own}/cgroup.procs`]) expect([...given.keys()]).toContain(path)
    expect(files.groupOf(7)).toBe(`${own}/server`)
    const found = findCgroups(mounts, `0::${own.slice(mount.length)}/server`, files, { kind: 'dropped', block })
    expect(found).toMatchObject({ version: 2, folders: { memory: own } })
  })

  it('that ended servers left are removed; one that somebody is in stays', () => {
    const slice = `${mount}/system.slice`
    const files = service({
      [`${slice}/sallyport.1900001000`]: { passes },
      [`${slice}/sallyport.1900001000/server`]: {},
      [`${slice}/sallyport.1900002000`]: { passes },
      [`${slice}/sallyport.1900002000/server`]: { pids: [9] },
    })
    delegated(files, '0::/system.slice/shop.service')
    const names = files.folders(slice).filter((name) => name.startsWith('sallyport.'))
    expect(names.toSorted()).toEqual([`sallyport.${block.server}`, 'sallyport.1900002000'])
  })
})
