/** Lets so many through at once; of the others so many wait, first come first served. */
export interface Lane {
  /**
   * Resolves with what ends one's stay, called once; with `full` when too many wait already; with `late` when nobody
   * left before `waitMs` had passed.
   */
  enter(waitMs: number): Promise<(() => void) | 'full' | 'late'>
  /** Whoever waits hears `late`. */
  clear(): void
}

/** `max` at once, `maxWaiting` behind them. */
export function createLane(max: number, maxWaiting: number): Lane {
  const waiting = new Set<(answer: (() => void) | 'late') => void>()
  let inside = 0
  const leave = (): void => {
    inside -= 1
    const [next] = waiting
    next?.(begin())
  }
  const begin = (): (() => void) => {
    inside += 1
    return leave
  }
  return {
    enter: (waitMs) => {
      if (inside < max) return Promise.resolve(begin())
      if (waiting.size >= maxWaiting) return Promise.resolve('full')
      return new Promise((resolve) => {
        const answer = (given: (() => void) | 'late'): void => {
          clearTimeout(timer)
          waiting.delete(answer)
          resolve(given)
        }
        const timer = setTimeout(() => answer('late'), waitMs)
        waiting.add(answer)
      })
    },
    clear: () => {
      for (const answer of waiting) answer('late')
    },
  }
}
