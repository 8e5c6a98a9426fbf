/** A memory of what was used, so that nothing is used twice. */
export interface SeenOnce {
  /** `first` exactly once per id until it expires; `full` when it cannot be remembered, which must refuse too. */
  use(id: string, expiresAtSeconds: number, nowSeconds: number): 'first' | 'again' | 'full'
}

/**
 * Remembers at most `capacity` ids that have not expired. It never forgets a live one to make room:
 * whoever floods it gets refusals, never a replay.
 */
export function createSeenOnce(capacity: number): SeenOnce {
  const until = new Map<string, number>()
  return {
    use(id, expiresAtSeconds, nowSeconds) {
      if (until.size >= capacity) forgetExpired(until, nowSeconds)
      const known = until.get(id)
      if (known !== undefined && nowSeconds < known) return 'again'
      if (known === undefined && until.size >= capacity) return 'full'
      until.set(id, expiresAtSeconds)
      return 'first'
    },
  }
}

function forgetExpired(until: Map<string, number>, nowSeconds: number): void {
  for (const [id, expiresAtSeconds] of until) if (nowSeconds >= expiresAtSeconds) until.delete(id)
}
