/** Lets so many begin at once; the others wait their turn, first come first served. */
export interface Turns {
  /** Resolves when it is one's turn, with what ends it. Ending it twice is ending it once. */
  take(): Promise<() => void>
}

/**
 * `limit` at once. A turn that nobody ended is over after `atMostMs`: what is slow, or hostile, delays the others by
 * that and no more.
 */
export function createTurns(limit: number, atMostMs: number): Turns {
  let taken = 0
  const waiting: (() => void)[] = []
  const begin = (): (() => void) => {
    taken += 1
    let over = false
    const end = (): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      taken -= 1
      waiting.shift()?.()
    }
    const timer = setTimeout(end, atMostMs)
    return end
  }
  return {
    take: () =>
      new Promise((resolve) => {
        if (taken < limit) resolve(begin())
        else waiting.push(() => resolve(begin()))
      }),
  }
}
