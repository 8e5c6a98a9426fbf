import type { Box } from '../box/box.ts'
import type { FunctionImage } from '../image.ts'
import type { Waiting } from './waiting.ts'

/** A box with whom it belongs to: the affinity of its first invocation under `reuse: user`. */
export interface Member {
  readonly box: Box
  affinity?: string
  /** `finishing`: it has answered and will ask for the next invocation in a moment. */
  state: 'loading' | 'idle' | 'busy' | 'finishing' | 'ending'
  lastUsedAt: number
  /** Whoever it serves after that found it ready. */
  hasServed: boolean
  /** It has loaded, or never will: another may start. */
  readonly endTurn: () => void
}

type Reuse = FunctionImage['reuse']

/** How many of these are in one of these states. */
export function countIn(members: readonly Member[], ...states: readonly Member['state'][]): number {
  return members.filter(({ state }) => states.includes(state)).length
}

/** The box that may serve whoever has this affinity: under `reuse: user` his own, else one that is nobody's yet. */
export function suitableFor(members: readonly Member[], reuse: Reuse, affinity: string): Member | undefined {
  const idle = members.filter(({ state, box }) => state === 'idle' && box.isIdle())
  if (reuse !== 'user') return idle[0]
  return idle.find((member) => member.affinity === affinity) ?? idle.find((member) => member.affinity === undefined)
}

/** How many wait, without those for whom a box is about to be free again. */
export function waitingForNone(members: readonly Member[], reuse: Reuse, queue: readonly Waiting[]): number {
  const finishing = members.filter(({ state }) => state === 'finishing')
  return queue.filter(({ invocation }) => {
    const at = finishing.findIndex(({ affinity }) => reuse === 'shared' || affinity === invocation.affinity)
    return at === -1 || finishing.splice(at, 1).length === 0
  }).length
}

/**
 * The idle box, somebody else's, that makes room for those who wait: the longest unused. None while as many end
 * already as wait.
 */
export function toMakeRoom(members: readonly Member[], waiting: number): Member | undefined {
  if (countIn(members, 'ending') >= waiting) return undefined
  return idleOnes(members)[0]
}

/** Of boxes that were unused for long: which are to end, but for so many that nobody owns, and which are to rest. */
export function longUnused(
  members: readonly Member[],
  now: number,
  {
    endAfterMs,
    restAfterMs,
    kept,
  }: { readonly endAfterMs: number; readonly restAfterMs: number; readonly kept: number },
): { readonly toEnd: readonly Member[]; readonly toRest: readonly Member[] } {
  const idle = idleOnes(members)
  let spareable = idle.filter(({ affinity }) => affinity === undefined).length - kept
  const toEnd = idle.filter(
    ({ lastUsedAt, affinity }) => now - lastUsedAt >= endAfterMs && (affinity !== undefined || spareable-- > 0),
  )
  return { toEnd, toRest: idle.filter((one) => now - one.lastUsedAt >= restAfterMs && !toEnd.includes(one)) }
}

function idleOnes(members: readonly Member[]): readonly Member[] {
  return members.filter(({ state }) => state === 'idle').toSorted((a, b) => a.lastUsedAt - b.lastUsedAt)
}
