import type { EgressRooms } from '../rooms.ts'

/** Lets so many things a second through, and counts the rest into one gap record each second. */
export interface Throttle {
  /** True when this one may be recorded by itself. */
  admit(): boolean
  /** Counts one without asking. */
  count(): void
  close(): void
}

/** Adversary: a box that floods the ledger with refusals. Nothing is lost silently, and nothing grows without bound. */
export function createThrottle(rooms: EgressRooms, perSecond: number, cause: string): Throttle {
  let second = 0
  let admitted = 0
  let lost = 0
  let timer: NodeJS.Timeout | undefined

  const flush = (): void => {
    timer = undefined
    if (lost > 0) rooms.append({ kind: 'gap', at: rooms.clock(), lost, cause })
    lost = 0
  }
  const count = (): void => {
    lost += 1
    timer ??= setTimeout(flush, 1000).unref()
  }
  return {
    admit: () => {
      const now = Math.floor(rooms.clock() / 1000)
      if (now !== second) [second, admitted] = [now, 0]
      if (++admitted <= perSecond) return true
      count()
      return false
    },
    count,
    close: () => {
      clearTimeout(timer)
      flush()
    },
  }
}
