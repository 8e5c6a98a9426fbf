/** Tells at a moment of the clock that only goes forward, unless the wish is taken back: by the answer. */
export type TellAt = (atMs: number, tell: () => void) => () => void

/** Ends that lie closer together than this are told together. */
const graspMs = 10
/** Timers take no longer wait; by then it is looked again. */
const longestMs = 2 ** 31 - 1

/**
 * One timer for all, set to the first end there is. Every request has an end of its right and hardly any lives to see
 * it: a timer each would cost more than all the rest of keeping watch. Told up to 10 ms late; what must not be late by
 * a byte asks the grant itself.
 */
export function createEndings(monotonicMs: () => number): TellAt {
  const waiting = new Set<{ readonly atMs: number; readonly tell: () => void }>()
  let timer: NodeJS.Timeout | undefined
  let setForMs = Infinity

  function setFor(atMs: number): void {
    clearTimeout(timer)
    setForMs = atMs
    timer = setTimeout(look, Math.min(Math.max(graspMs, atMs - monotonicMs()), longestMs)).unref()
  }

  function look(): void {
    setForMs = Infinity
    let firstMs = Infinity
    const now = monotonicMs()
    for (const one of waiting) {
      if (one.atMs > now) firstMs = Math.min(firstMs, one.atMs)
      else if (waiting.delete(one)) one.tell()
    }
    if (firstMs < setForMs) setFor(firstMs)
  }

  return (atMs, tell) => {
    const one = { atMs, tell }
    waiting.add(one)
    if (atMs < setForMs) setFor(atMs)
    return () => void waiting.delete(one)
  }
}
