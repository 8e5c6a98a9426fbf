import type { Exit } from '../exit.ts'

/** Places for calls that are under way: so many at one time, and the others wait for their turn. */
export interface Slots {
  /** A place, or the promise of one; what it gives is to be called once when the place is free again. */
  take(): (() => void) | Promise<() => void>
}

/**
 * The same exit, with one of these places until it has ended, or only until its answer begins. Taken before the exit
 * asks once more whether it may go: waiting takes time, in which a right may end.
 */
export function inPlace<T>(exit: Exit<T>, slots: Slots, until: 'ended' | 'begun' = 'ended'): Exit<T> {
  return {
    ...exit,
    pass: async (grant) => {
      const place = slots.take()
      const free = typeof place === 'function' ? place : await place
      try {
        const passed = await exit.pass(grant)
        if (until === 'begun') free()
        else void passed.outcome.then(free)
        return passed
      } catch (error) {
        free()
        throw error
      }
    },
  }
}

/** So many connections of a pool may one box hold at a time; the pool has more, for its other boxes. */
export const slotsOfBox = 16

/** Adversary: a box whose calls never end, so that those of its neighbours in the same pool never begin. */
export function createSlots(count: number = slotsOfBox): Slots {
  const waiting: ((free: () => void) => void)[] = []
  let taken = 0
  const free = (): (() => void) => {
    let mine = true
    return () => {
      if (!mine) return
      mine = false
      const next = waiting.shift()
      if (next === undefined) taken -= 1
      else next(free())
    }
  }
  return {
    take: () => {
      if (taken >= count) return new Promise((resolve) => waiting.push(resolve))
      taken += 1
      return free()
    },
  }
}
