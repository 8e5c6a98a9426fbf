/** Two clocks: one that people set, and one that only ever goes forward. Both in milliseconds. */
export interface Clock {
  /** Since the epoch. */
  readonly nowMs: () => number
  /** Since some moment in this boot. */
  readonly monotonicMs: () => number
}

/** An end of life that a wall clock cannot put off: whichever clock gets there first. */
export interface Deadline {
  readonly wallMs: number
  readonly monotonicMs: number
}

/** The moment `lifetimeMs` from now on both clocks. */
export function deadlineIn(clock: Clock, lifetimeMs: number): Deadline {
  return { wallMs: clock.nowMs() + lifetimeMs, monotonicMs: clock.monotonicMs() + lifetimeMs }
}

/** True from the moment at which either clock got there. */
export function isPast(deadline: Deadline, clock: Clock): boolean {
  return clock.nowMs() >= deadline.wallMs || clock.monotonicMs() >= deadline.monotonicMs
}

/**
 * Tells whether the wall clock was set back since the last look (beyond what clock discipline does by itself).
 * Adversary: whoever prolongs a grant by turning back the clock.
 */
export function createStepWatch(clock: Clock, toleranceMs = 2_000): () => boolean {
  let offset = clock.nowMs() - clock.monotonicMs()
  return () => {
    const now = clock.nowMs() - clock.monotonicMs()
    const steppedBack = now < offset - toleranceMs
    offset = steppedBack ? now : Math.max(offset, now)
    return steppedBack
  }
}
