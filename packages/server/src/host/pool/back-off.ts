/** Whether a function may be started again, after what has become of its boxes. */
export interface BackOff {
  mayStart(): boolean
  /** A box became ready. */
  loaded(): void
  /** An invocation was answered, if only with an error. */
  answered(): void
  /** A box ended before it was ready. */
  failedToLoad(): void
  /** A box ended by itself while it served. True once that has happened too often in a row. */
  crashed(): boolean
  /** Until a start is allowed again. */
  remainingMs(): number
}

const firstMs = 100
const maxMs = 10_000
/** A function may end its process now and then; one that does nothing else does not start as often as it is called. */
const maxCrashes = 5

/** `clock` gives milliseconds. Each failure in a row doubles the time that must pass. */
export function createBackOff(clock: () => number): BackOff {
  let notBefore = 0
  let failures = 0
  let crashes = 0
  const wait = (times: number): void => {
    notBefore = clock() + Math.min(maxMs, firstMs * 2 ** times)
  }
  return {
    mayStart: () => clock() >= notBefore,
    remainingMs: () => Math.max(0, notBefore - clock()),
    loaded: () => void (failures = 0),
    answered: () => void (crashes = 0),
    failedToLoad: () => {
      wait(failures)
      failures += 1
    },
    crashed: () => {
      crashes += 1
      if (crashes < maxCrashes) return false
      wait(crashes - maxCrashes)
      return true
    },
  }
}
