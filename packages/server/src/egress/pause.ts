import type { Ending } from './ending.ts'

const firstPauseMs = 100
const longestPauseMs = 5_000

/**
 * How long to wait before another attempt: as long as the upstream asks for in `retry-after`, in seconds, or twice as
 * long each time. Adversary: an upstream that would have a box wait for a day.
 */
export function pauseMsOf(retryAfter: string | undefined, attempt: number): number {
  const askedMs = Number(retryAfter) * 1_000
  return Math.min(longestPauseMs, askedMs > 0 ? askedMs : firstPauseMs * 2 ** (attempt - 1))
}

/** Until the time is over or the signal comes, which may have come before. */
export function pause(durationMs: number, signal: Ending): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, durationMs)
    signal.addEventListener('abort', done, { once: true })
  })
}
