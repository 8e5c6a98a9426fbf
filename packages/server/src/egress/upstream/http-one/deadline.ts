/** A time by which something must have happened. */
export interface Deadline {
  /** So many milliseconds from now, whatever was said before. */
  set(inMs: number): void
  clear(): void
}

/** One timer for all that a connection waits for. It looks at the clock when it is over: one each time costs more. */
export function createDeadline(over: () => void): Deadline {
  let at = Infinity
  let due = Infinity
  let timer: NodeJS.Timeout | undefined
  const arm = (now: number): void => {
    clearTimeout(timer)
    due = at
    timer = setTimeout(look, Math.max(1, Math.ceil(at - now))).unref()
  }
  const look = (): void => {
    due = Infinity
    const now = performance.now()
    if (at > now) return arm(now)
    at = Infinity
    over()
  }
  return {
    set: (inMs) => {
      const now = performance.now()
      at = now + inMs
      if (at < due) arm(now)
    },
    clear: () => {
      clearTimeout(timer)
      at = Infinity
    },
  }
}
