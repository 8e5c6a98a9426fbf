import { readFileSync } from 'node:fs'

import { blockAt, isWithin, mappingOf, type UidBlock } from './uid-block.ts'

/** What this process may do on the machine. */
export type Rights =
  /** What any user may. */
  | { readonly kind: 'user' }
  /** Everything. */
  | { readonly kind: 'root' }
  /** What any user may; and to act as the uids of its block, as root of a user namespace that has no others. */
  | { readonly kind: 'dropped'; readonly block: UidBlock }

/** Below are the uids of a machine's own users, root's among them. */
const lowestServer = 65_536

/** Asks the kernel, and nothing that whoever started us could have set. */
export function readRights(
  uid: number | undefined = process.getuid?.(),
  uidMap: () => string = () => readFileSync('/proc/self/uid_map', 'utf8'),
): Rights {
  if (uid !== 0) return { kind: 'user' }
  const lines = linesOf(uidMap())
  const block = blockAt(lines[0]?.[1] ?? 0)
  if (block.server < lowestServer) return { kind: 'root' }
  const isBlock = lines.map((line) => line.join(' ')).join('\n') === mappingOf(block)
  return isBlock ? { kind: 'dropped', block } : { kind: 'root' }
}

/** The uid by which the rest of the machine knows this process: what it is called in a command for pasting. */
export function uidOutside(rights: Rights = readRights()): number | undefined {
  return rights.kind === 'dropped' ? rights.block.server : process.getuid?.()
}

/** Somebody without any rights, to try things as; nothing where this process is that itself. */
export function bystander(rights: Rights = readRights()): { readonly uid?: number; readonly gid?: number } {
  switch (rights.kind) {
    case 'user':
      return {}
    case 'root':
      return { uid: 65_534, gid: 65_534 }
    case 'dropped':
      return { uid: rights.block.builder, gid: rights.block.builder }
  }
}

/** Whether the uids of a block are there at all for this process: in a container they may not be. */
export function hasUids(block: UidBlock, uidMap: string = readFileSync('/proc/self/uid_map', 'utf8')): boolean {
  return linesOf(uidMap).some(([first = 0, , count = 0]) => isWithin(block, first, count))
}

function linesOf(uidMap: string): readonly (readonly number[])[] {
  const lines = uidMap.trim().split('\n')
  return lines.map((line) => line.trim().split(/\s+/).map(Number))
}
