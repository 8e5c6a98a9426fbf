/** How much of one box is served at a time, so that whoever else has a box gets a turn in between. */
export interface Pace {
  /** Takes so much of what the box may have now; false when there is no more, or others of it wait already. */
  now(cost: number): boolean
  /** Resolves when it may go on, in the order in which it was asked; the cost is taken then. */
  later(cost: number): Promise<void>
  /** Lets all that wait go on; for the end of an invocation, where each finds out for itself that it has ended. */
  release(): void
}

/** What things cost, in milliseconds of the one thread that serves all boxes, by a generous measure. */
export interface Costs {
  /** A request with its decision and record, where a few are under way already: then 2,000 a second. */
  readonly request: number
  readonly connection: number
  /** A TLS connection: its handshake is mostly arithmetic. */
  readonly handshake: number
  /** A byte of a request body that goes on: 128 MiB a second. */
  readonly byte: number
  /** A byte of one that is read and judged here, JSON mostly: 32 MiB a second. */
  readonly readByte: number
}

/** See `Costs`. */
export const costs: Costs = {
  request: 0.5,
  connection: 0.25,
  handshake: 1,
  byte: 1 / (128 * 1024),
  readByte: 1 / (32 * 1024),
}

/** What a box may have at once after a pause: a fan-out of eight requests waits for nothing. */
const burst = 4

/**
 * Of a box that floods, one millisecond's worth is served and then everybody else; a box that does not flood never
 * waits. Adversary: code that sends as fast as it can. `clock` in milliseconds, monotonic.
 */
export function createPace(clock: () => number = () => performance.now()): Pace {
  const waiting: { readonly cost: number; readonly go: () => void }[] = []
  let at = clock()
  let level = burst
  let timer: NodeJS.Timeout | undefined

  const refill = (most: number): void => {
    const now = clock()
    level = Math.min(most, level + now - at)
    at = now
  }
  const serve = (): void => {
    timer = undefined
    const began = clock()
    refill(1) // a timer that comes late must not let a crowd in
    while (level > 0) {
      const next = waiting.shift()
      if (next === undefined) return
      level -= next.cost
      next.go()
    }
    if (waiting.length === 0) return
    // As long as that took, the others have their turn: a box has half of the thread at most, however slow it is.
    timer = setTimeout(() => {
      timer = setTimeout(serve, Math.max(1, clock() - began))
    }, 0)
  }
  return {
    now: (cost) => {
      if (waiting.length > 0) return false
      refill(burst)
      if (level <= 0) return false
      level -= cost
      return true
    },
    later: (cost) =>
      new Promise((go) => {
        waiting.push({ cost, go })
        timer ??= setTimeout(serve, 1)
      }),
    release: () => {
      clearTimeout(timer)
      timer = undefined
      for (const { go } of waiting.splice(0)) go()
    },
  }
}
