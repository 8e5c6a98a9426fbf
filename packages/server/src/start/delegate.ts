import { chownSync } from 'node:fs'
import { join } from 'node:path'

import { type CgroupRoots, enableControllers, serverLeaf } from './cgroups.ts'
import type { UidBlock } from './uid-block.ts'

/** What whoever a group is handed to writes to in it (cgroups(7), "Delegation"; `tasks` is the name in v1). */
const handedOver = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads', 'tasks']
const delegated = /^sallyport\.\d+$/

/**
 * Makes control groups below these, gives them to the server's uid, which may then make those of its boxes there and
 * nowhere else, and puts this process into them: of v2 who moves a process must own all the way that it goes, and a
 * group that somebody is in is removed by nobody. Those that ended servers left are removed.
 */
export function delegateGroups(
  roots: CgroupRoots,
  block: UidBlock,
  pid: number,
  give: (path: string, uid: number) => void = (path, uid) => chownSync(path, uid, uid),
): void {
  const { files, version } = roots
  const hand = (group: string): void => {
    files.makeFolder(group)
    give(group, block.server)
    for (const name of handedOver)
      if (files.read(join(group, name)) !== undefined) give(join(group, name), block.server)
  }
  for (const folder of new Set(Object.values(roots.folders))) {
    const own = join(folder, `sallyport.${block.server}`)
    // Who is in the group above the boxes would keep v2 from passing controllers on to them.
    const home = version === 1 ? own : join(own, serverLeaf)
    enter(() => {
      hand(own)
      if (home !== own) hand(home)
      files.write(join(home, 'cgroup.procs'), String(pid))
    })
    if (version === 2) {
      enableControllers(files, own)
      files.removeFolder(join(folder, serverLeaf)) // where it was until now, if it was alone in its group
    }
    for (const name of files.folders(folder).filter((one) => delegated.test(one))) {
      files.removeFolder(join(folder, name, serverLeaf))
      files.removeFolder(join(folder, name)) // not while anybody is in it, or any group
    }
  }
}

/** Another server that starts at this moment may take the group for one that was left, before anybody is in it. */
function enter(make: () => void, tries = 5): void {
  try {
    make()
  } catch (error) {
    if (tries === 1) throw error
    enter(make, tries - 1)
  }
}
