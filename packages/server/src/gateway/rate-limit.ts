/** A token bucket per key: `calls` at once, refilled evenly over `perMs`. */
export interface RateLimit {
  readonly calls: number
  readonly perMs: number
}

/** Answers how long to wait, in milliseconds; 0 means go ahead (and takes one). */
export type Limiter = (key: string, limit: RateLimit) => number

/**
 * Keys are bounded: beyond `maxKeys` the least recently used bucket goes, which at worst gives one caller a fresh one.
 * Adversary: a caller who invents keys. They are made of verified subjects or of addresses, never of what is said.
 */
export function createLimiter(nowMs: () => number, maxKeys = 100_000): Limiter {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (key, { calls, perMs }) => {
    const now = nowMs()
    const found = buckets.get(key) ?? { tokens: calls, at: now }
    const tokens = Math.min(calls, found.tokens + (Math.max(0, now - found.at) * calls) / perMs)
    buckets.delete(key)
    if (buckets.size >= maxKeys) {
      const oldest = buckets.keys().next()
      if (!oldest.done) buckets.delete(oldest.value)
    }
    buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now })
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * perMs) / calls)
  }
}
