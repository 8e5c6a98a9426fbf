import { createHash } from 'node:crypto'

import type { SealedStore } from '../ports.ts'

/** Counts attempts so that guessing does not pay. */
export interface Attempts {
  /**
   * Takes one attempt before the work is done, so that parallel guesses count too.
   * False when any of the keys has none left; then nothing is taken.
   */
  take(keys: readonly AttemptKey[]): boolean
  /** The attempt was right: gives it back, and forgets earlier failures of the keys that say so. */
  succeed(keys: readonly AttemptKey[]): void
  /** The user signed in from this address within a month: who guesses from elsewhere does not slow them down there. */
  knows(user: string, address: string): boolean
  remember(user: string, address: string): void
}

/** One counter: at most `limit` failures per window; or as many without a wait, and then ever longer ones. */
export interface AttemptKey {
  readonly key: string
  readonly limit: number
  readonly clearedBySuccess: boolean
  /** The wait after `limit` failures, which doubles with each further one; without it the window is what ends. */
  readonly wait?: Wait
  /** Counted also where there is no room for further counters: of these there are few. */
  readonly always?: boolean
}

interface Wait {
  readonly firstSeconds: number
  readonly longestSeconds: number
  /** Failures are forgotten this long after the last; or after four times the wait, where that is longer. */
  readonly memorySeconds: number
}

/** Failures are forgotten this long after the first of them. */
export const attemptWindowSeconds = 900
const knownSourceSeconds = 30 * 86_400

/**
 * Who is counted for a password: the user at this address, the user from all addresses that are not known to be
 * theirs, and the address. The first two never lock anybody out for good: each further failure waits twice as long, an
 * hour and a quarter of an hour at most. A stranger can slow a person down only where that person never signed in
 * before, or from the person's own address. Unknown users are counted alike, or counting would tell.
 */
export function passwordAttempts(user: string, address: string, isKnown = false): readonly AttemptKey[] {
  const here = { key: `user/${user}@${address}`, limit: 5, clearedBySuccess: true, wait: upToAnHour, always: isKnown }
  const anywhere = { key: `user/${user}`, limit: 20, clearedBySuccess: true, wait: upToAQuarter }
  // A success gives back its own attempt only: an attacker's account must not wipe his address clean.
  const all = { key: `address/${address}`, limit: 100, clearedBySuccess: false }
  return isKnown ? [here, all] : [here, anywhere, all]
}

const upToAnHour: Wait = { firstSeconds: 60, longestSeconds: 3_600, memorySeconds: attemptWindowSeconds }
const upToAQuarter: Wait = { firstSeconds: 30, longestSeconds: 900, memorySeconds: attemptWindowSeconds }

/** Each start of a sign-in leaves a record in the store until it expires; nobody may leave them without end. */
export function startAttempts(address: string): readonly AttemptKey[] {
  return [{ key: `start/${address}`, limit: 1_000, clearedBySuccess: false }]
}

/** A code has a million values and three are right at a time: five guesses, then some thirty a day. */
export function codeAttempts(user: string): readonly AttemptKey[] {
  const wait = { ...upToAnHour, memorySeconds: 86_400 }
  return [{ key: `code/${user}`, limit: 5, clearedBySuccess: true, wait, always: true }]
}

/** A passkey cannot be guessed; but each try costs a signature's check. */
export function passkeyAttempts(address: string): readonly AttemptKey[] {
  return [{ key: `passkey/${address}`, limit: 100, clearedBySuccess: false }]
}

/** A user code has about 34 bits and lives ten minutes: whoever types thirty wrong ones is no person with a device. */
export function userCodeAttempts(address: string): readonly AttemptKey[] {
  return [{ key: `user-code/${address}`, limit: 60, clearedBySuccess: false }]
}

/** The code of an enrolment has 80 bits; this is for the work that a guess makes. */
export function enrolmentAttempts(address: string): readonly AttemptKey[] {
  return [{ key: `enrolment/${address}`, limit: 60, clearedBySuccess: true }]
}

const kind = 'attempt'
const sourceKind = 'known-source'

/**
 * Makes the counters. They are kept in the store, so that a restart gives nobody new guesses. `maxCounters` bounds what
 * strangers can make us keep; beyond it no stranger may try, until counters run out.
 */
export function createAttempts(store: SealedStore, nowSeconds: () => number, maxCounters = 100_000): Attempts {
  const sweepEverySeconds = 60
  let known = store.ids(kind).length
  let sweptAt = nowSeconds()

  interface Counter {
    readonly taken: number
    readonly until: number
    /** Seconds since the epoch: no further attempt before it. */
    readonly notBefore?: number
  }
  function read(key: string): Counter | undefined {
    const value = store.get(kind, hashed(key))
    return value === undefined ? undefined : JSON.parse(value)
  }
  function write(key: string, counter: Counter): void {
    store.put(kind, hashed(key), JSON.stringify(counter), counter.until)
  }

  function mayTry({ limit, wait }: AttemptKey, counter: Counter | undefined): boolean {
    if (counter === undefined) return true
    return wait === undefined ? counter.taken < limit : nowSeconds() >= (counter.notBefore ?? 0)
  }

  function oneMore({ limit, wait }: AttemptKey, counter: Counter | undefined): Counter {
    const taken = (counter?.taken ?? 0) + 1
    if (wait === undefined) return { taken, until: counter?.until ?? nowSeconds() + attemptWindowSeconds }
    if (taken < limit) return { taken, until: nowSeconds() + wait.memorySeconds }
    const waitSeconds = Math.min(wait.longestSeconds, wait.firstSeconds * 2 ** (taken - limit))
    const until = nowSeconds() + Math.max(wait.memorySeconds, 4 * waitSeconds)
    return { taken, until, notBefore: nowSeconds() + waitSeconds }
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
      const fresh = keys.filter(({ always }, at) => counters[at] === undefined && always !== true).length
      // Where strangers have filled the table, whoever is known here still comes in.
      if (fresh > 0 && !keys.some(({ always }) => always === true) && !hasRoom(fresh)) return false
      if (keys.some((key, at) => !mayTry(key, counters[at]))) return false
      for (const [at, key] of keys.entries()) write(key.key, oneMore(key, counters[at]))
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
    knows: (user, address) => store.get(sourceKind, hashed(`${user}@${address}`)) !== undefined,
    remember: (user, address) =>
      store.put(sourceKind, hashed(`${user}@${address}`), '', nowSeconds() + knownSourceSeconds),
  }
}

/** Names and addresses of people are nothing to keep readable. */
function hashed(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
