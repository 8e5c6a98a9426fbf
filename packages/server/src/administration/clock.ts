/** Two clocks: one that people set, and one that only ever goes forward. Both in milliseconds. */
export interface Clock {
  /** Since the epoch. */
  readonly nowMs: () => number
  /** Since the machine started. */
  readonly monotonicMs: () => number
  /** Which start of the machine that was: ends of life by the monotonic clock mean something within it only. */
  readonly bootId: string
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

/**
 * The deadline that a record tells. Within the boot that it was written in, both clocks stand as they were; in another
 * one what the wall clock leaves counts on from here, so that setting it back later prolongs nothing.
 */
export function deadlineAt(clock: Clock, wallMs: number, boot: { id: string; ms: number } | undefined): Deadline {
  const monotonicMs = boot?.id === clock.bootId ? boot.ms : clock.monotonicMs() + wallMs - clock.nowMs()
  return { wallMs, monotonicMs }
}

/** True from the moment at which either clock got there. */
export function isPast(deadline: Deadline, clock: Clock): boolean {
  return clock.nowMs() >= deadline.wallMs || clock.monotonicMs() >= deadline.monotonicMs
}

/** What is left of it, by the clock that leaves less; at least 0. */
export function leftMs(deadline: Deadline, clock: Clock): number {
  return Math.max(0, Math.min(deadline.wallMs - clock.nowMs(), deadline.monotonicMs - clock.monotonicMs()))
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
