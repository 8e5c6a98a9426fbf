/**
 * A memory of what was used, so that nothing is used twice. Contract: synchronous; an answer of `first` is given once
 * per id over all who share the memory, and survives whatever the memory promises to survive; when it cannot be
 * remembered the answer is `full`, never `first`.
 */
export interface SeenOnce {
  /** `first` exactly once per id until it expires; `full` when it cannot be remembered, which must refuse too. */
  use(id: string, expiresAtSeconds: number, nowSeconds: number): 'first' | 'again' | 'full'
}

/**
 * Remembers at most `capacity` ids that have not expired, in this process. It never forgets a live one to make room:
 * whoever floods it gets refusals, never a replay. What expires in one second is forgotten together, so a full memory
 * costs no more than an empty one.
 */
export function createSeenOnce(capacity: number): SeenOnce {
  const until = new Map<string, number>()
  const bySecond = new Map<number, string[]>()
  let lookedAt = 0

  function forgetExpired(second: number): void {
    if (second === lookedAt) return
    lookedAt = second
    for (const [expiry, ids] of bySecond) {
      if (second < expiry) continue
      bySecond.delete(expiry)
      for (const id of ids) if ((until.get(id) ?? 0) <= expiry) until.delete(id)
    }
  }

  return {
    use(id, expiresAtSeconds, nowSeconds) {
      forgetExpired(Math.floor(nowSeconds))
      const known = until.get(id)
      if (known !== undefined && nowSeconds < known) return 'again'
      if (known === undefined && until.size >= capacity) return 'full'
      until.set(id, expiresAtSeconds)
      const expiry = Math.ceil(expiresAtSeconds)
      const together = bySecond.get(expiry)
      if (together === undefined) bySecond.set(expiry, [id])
      else together.push(id)
      return 'first'
    },
  }
}
