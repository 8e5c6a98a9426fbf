import { findCgroups } from '../../packages/server/src/host/index.ts'
import type { Guard } from './guard.ts'

const here: ReadonlySet<Guard['needs']> = new Set([
  undefined,
  ...(process.getuid?.() === 0 ? (['root'] as const) : []),
  findCgroups() === undefined ? 'no control groups' : 'control groups',
])

/** Whether a guard stands on this machine, for this user. */
export function standsHere({ needs }: Guard): boolean {
  return here.has(needs)
}
