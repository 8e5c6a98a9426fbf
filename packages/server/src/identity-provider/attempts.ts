import { createHash } from 'node:crypto'

import type { SealedStore } from './ports.ts'

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

/** A passkey cannot be guessed; but each try costs a signature's check. */
export function passkeyAttempts(address: string): readonly AttemptKey[] {
  return [{ key: `passkey/${address}`, limit: 100, clearedBySuccess: false }]
}

/** A user code has about 34 bits and lives ten minutes: whoever types thirty wrong ones is no person with a device. */
export function userCodeAttempts(address: string): readonly AttemptKey[] {
  return [{ key: `user-code/${address}`, limit: 60, clearedBySuccess: false }]
}

const kind = 'attempt'

/**
 * Makes the counters. They are kept in the store, so that a restart gives nobody new guesses. `maxCounters` bounds what
 * strangers can make us keep; beyond it nobody may try, until counters run out.
 */
export function createAttempts(store: SealedStore, nowSeconds: () => number, maxCounters = 100_000): Attempts {
  const sweepEverySeconds = 60
  let known = store.ids(kind).length
  let sweptAt = nowSeconds()

  interface Counter {
    readonly taken: number
    readonly until: number
  }
  function read(key: string): Counter | undefined {
    const value = store.get(kind, hashed(key))
    return value === undefined ? undefined : JSON.parse(value)
  }
  function write(key: string, { taken, until }: Counter): void {
    store.put(kind, hashed(key), JSON.stringify({ taken, until }), until)
  }

  function hasRoom(count: number): boolean {
    if (known + count <= maxCounters) return true
    if (nowSeconds() - sweptAt >= sweepEverySeconds) {
      known = store.ids(kind).length
      sweptAt = nowSeconds()
    }
    return known + count <= maxCounters
  }

  return {
    take(keys) {
      const counters = keys.map(({ key }) => read(key))
      const fresh = counters.filter((counter) => counter === undefined).length
      if (!hasRoom(fresh)) return false
      if (keys.some(({ limit }, at) => (counters[at]?.taken ?? 0) >= limit)) return false
      for (const [at, { key }] of keys.entries()) {
        const { taken, until } = counters[at] ?? { taken: 0, until: nowSeconds() + attemptWindowSeconds }
        write(key, { taken: taken + 1, until })
      }
      known += fresh
      return true
    },
    succeed(keys) {
      for (const { key, clearedBySuccess } of keys) {
        const counter = read(key)
        if (counter === undefined) continue
        if (clearedBySuccess) store.delete(kind, hashed(key))
        else write(key, { ...counter, taken: Math.max(0, counter.taken - 1) })
      }
    },
  }
}

/** Names and addresses of people are nothing to keep readable. */
function hashed(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
