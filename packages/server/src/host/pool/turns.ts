/** Lets so many boxes be made and started at once; the others wait their turn, first come first served. */
export interface Turns {
  /** Resolves when it is one's turn, with what ends it. Ending it twice is ending it once. */
  take(): Promise<() => void>
  /** A box that had served before has answered a call. */
  served(): void
}

/** Whoever was served since then may call again at any moment. */
const latelyMs = 250

/**
 * `limit` at once; one fewer, where there is more than one, while calls find boxes that are there: they take
 * milliseconds, and a box that starts takes all of a processor for fifty and more. A turn that nobody ended is over
 * after `atMostMs`: what is slow, or hostile, delays the others by that and no more. `nowMs` in milliseconds.
 */
export function createTurns(limit: number, atMostMs: number, nowMs: () => number = () => performance.now()): Turns {
  let taken = 0
  let servedAt = -Infinity
  const waiting: (() => void)[] = []

  const mayBegin = (): boolean => taken < (nowMs() - servedAt < latelyMs ? Math.max(1, limit - 1) : limit)

  function begin(): () => void {
    taken += 1
    let over = false
    const end = (): void => {
      if (over) return
      over = true
      clearTimeout(timer)
      taken -= 1
      goOn()
    }
    const timer = setTimeout(end, atMostMs)
    return end
  }

  function goOn(): void {
    while (waiting.length > 0 && mayBegin()) waiting.shift()?.()
  }

  return {
    take: () =>
      new Promise((resolve) => {
        waiting.push(() => resolve(begin()))
        goOn()
      }),
    served: () => void (servedAt = nowMs()),
  }
}
