import { countedNetwork } from '../information/index.ts'

/** A token bucket per key: `calls` at once, refilled evenly over `perMs`. */
export interface RateLimit {
  readonly calls: number
  readonly perMs: number
}

/** Answers how long to wait, in milliseconds; 0 means go ahead (and takes one). Throws what `kept` throws. */
export type Limiter = (key: string, limit: RateLimit) => number

/** Where a bucket outlives the process. A value that nobody put is undefined. */
export interface KeptBuckets {
  get(key: string): string | undefined
  put(key: string, value: string, expiresAtSeconds: number): void
}

interface Bucket {
  readonly tokens: number
  readonly at: number
}

/** Limits by the hour and by the day are kept. Of shorter ones a start again gives a caller one more bucket. */
const keptFromMs = 3_600_000
const keptForm = /^(\d+(?:\.\d+)?) (\d+)$/

/**
 * Keys are bounded: beyond `maxKeys` the least recently used bucket goes, which at worst gives one caller a fresh one.
 * Adversary: a caller who invents keys, or who makes the server start again to have a day's limit anew. Keys are made
 * of verified subjects or of addresses, never of what is said.
 */
export function createLimiter(nowMs: () => number, kept?: KeptBuckets, maxKeys = 100_000): Limiter {
  const buckets = new Map<string, Bucket>()

  function keptBucket(key: string): Bucket | undefined {
    const [, tokens, at] = keptForm.exec(kept?.get(key) ?? '') ?? []
    return tokens === undefined || at === undefined ? undefined : { tokens: Number(tokens), at: Number(at) }
  }

  return (key, { calls, perMs }) => {
    const now = nowMs()
    const long = perMs >= keptFromMs
    const found = buckets.get(key) ?? (long ? keptBucket(key) : undefined) ?? { tokens: calls, at: now }
    const tokens = Math.min(calls, found.tokens + (Math.max(0, now - found.at) * calls) / perMs)
    const taken = tokens >= 1
    const left = { tokens: taken ? tokens - 1 : tokens, at: now }
    // Kept before it counts: what cannot be written down is not taken.
    if (taken && long) kept?.put(key, `${left.tokens.toFixed(6)} ${now}`, Math.ceil((now + perMs) / 1_000))
    buckets.delete(key)
    if (buckets.size >= maxKeys) {
      const oldest = buckets.keys().next()
      if (!oldest.done) buckets.delete(oldest.value)
    }
    buckets.set(key, left)
    return taken ? 0 : Math.ceil(((1 - tokens) * perMs) / calls)
  }
}

const knocks: RateLimit = { calls: 400, perMs: 1_000 }

/**
 * Whether an address may send one more request. Of buckets of its own: who has many addresses to send from must not
 * push out what others have used up of their limits.
 */
export function createKnocks(nowMs: () => number): (address: string) => boolean {
  const limiter = createLimiter(nowMs)
  return (address) => limiter(countedNetwork(address), knocks) === 0
}

/** What is held of something, by where it comes from. */
export interface Shares {
  /** False where this network has its share, or all together have theirs. */
  take(address: string, amount?: number): boolean
  leave(address: string, amount?: number): void
}

/** Adversary: one machine that takes all there is, connections or memory, and so shuts out all others. */
export function createShares(mostOfOne: number, most: number = Infinity): Shares {
  const held = new Map<string, number>()
  let all = 0
  return {
    take: (address, amount = 1) => {
      const network = countedNetwork(address)
      const ofOne = (held.get(network) ?? 0) + amount
      if (ofOne > mostOfOne || all + amount > most) return false
      held.set(network, ofOne)
      all += amount
      return true
    },
    leave: (address, amount = 1) => {
      const network = countedNetwork(address)
      const left = (held.get(network) ?? 0) - amount
      if (left > 0) held.set(network, left)
      else held.delete(network)
      all -= amount
    },
  }
}
