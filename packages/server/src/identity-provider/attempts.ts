/** Counts attempts so that guessing does not pay. */
export interface Attempts {
  /**
   * Takes one attempt before the work is done, so that parallel guesses count too.
   * False when any of the keys has none left; then nothing is taken.
   */
  take(keys: readonly AttemptKey[]): boolean
  /** The attempt was right: gives it back, and forgets earlier failures of the keys that say so. */
  succeed(keys: readonly AttemptKey[]): void
}

/** One counter: at most `limit` failures per window. */
export interface AttemptKey {
  readonly key: string
  readonly limit: number
  readonly clearedBySuccess: boolean
}

/** Failures are forgotten this long after the first of them. */
export const attemptWindowSeconds = 900
const maxCounters = 100_000

/**
 * Who is counted for a password: the user at this address, the user from anywhere, and the address.
 * The first is small; the second is larger, so that a stranger cannot lock a person out with a few requests, and
 * the third is larger still, for addresses that many share. Unknown users are counted alike, or counting would tell.
 */
export function passwordAttempts(user: string, address: string): readonly AttemptKey[] {
  return [
    { key: `user/${user}@${address}`, limit: 5, clearedBySuccess: true },
    { key: `user/${user}`, limit: 50, clearedBySuccess: true },
    // A success gives back its own attempt only: an attacker's account must not wipe his address clean.
    { key: `address/${address}`, limit: 100, clearedBySuccess: false },
  ]
}

/** Each start of a sign-in leaves a record in the store until it expires; nobody may leave them without end. */
export function startAttempts(address: string): readonly AttemptKey[] {
  return [{ key: `start/${address}`, limit: 1_000, clearedBySuccess: false }]
}

/** A code has a million values and three are right at a time: five guesses a quarter of an hour. */
export function codeAttempts(user: string): readonly AttemptKey[] {
  return [{ key: `code/${user}`, limit: 5, clearedBySuccess: true }]
}

/** Makes the counters. They live in memory: a restart, which no attacker can cause, forgets them. */
export function createAttempts(nowSeconds: () => number): Attempts {
  const counters = new Map<string, { taken: number; readonly until: number }>()

  function counter(key: string): { taken: number; readonly until: number } {
    const known = counters.get(key)
    if (known !== undefined && nowSeconds() < known.until) return known
    counters.delete(key)
    const made = { taken: 0, until: nowSeconds() + attemptWindowSeconds }
    counters.set(key, made)
    return made
  }

  function hasRoom(count: number): boolean {
    if (counters.size + count <= maxCounters) return true
    for (const [key, { until }] of counters) if (nowSeconds() >= until) counters.delete(key)
    return counters.size + count <= maxCounters
  }

  return {
    take(keys) {
      if (!hasRoom(keys.length)) return false
      if (keys.some(({ key, limit }) => counter(key).taken >= limit)) return false
      for (const { key } of keys) counter(key).taken++
      return true
    },
    succeed(keys) {
      for (const { key, clearedBySuccess } of keys) {
        if (clearedBySuccess) counters.delete(key)
        else counter(key).taken = Math.max(0, counter(key).taken - 1)
      }
    },
  }
}
