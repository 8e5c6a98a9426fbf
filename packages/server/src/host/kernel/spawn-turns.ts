import { setTimeout as sleep } from 'node:timers/promises'

/** Calls what starts a process, once it is its turn. */
export type SpawnTurn = <Started>(start: () => Started) => Promise<Started>

/** For so many times as long as a start held this thread up, everybody else is served before the next. */
const restTimes = 2

/**
 * Starts one process after the other, with rests between them. The thread that serves everybody waits for the kernel
 * until a new process runs its program: 2 ms on an idle machine, 20 to 90 where processors are short, and three for
 * each box. Adversary: a function whose calls make a dozen boxes at once, for whom all others would wait.
 */
export function createSpawnTurns(
  nowMs: () => number = () => performance.now(),
  rest: (ms: number) => Promise<unknown> = sleep,
): SpawnTurn {
  let free: Promise<unknown> = Promise.resolve()
  return async (start) => {
    const before = free
    const { promise, resolve } = Promise.withResolvers<unknown>()
    free = promise
    await before
    const began = nowMs()
    try {
      return start()
    } finally {
      void rest(restTimes * (nowMs() - began)).then(resolve)
    }
  }
}

/** Of this process: all engines share its one thread. */
export const inSpawnTurn: SpawnTurn = createSpawnTurns()
