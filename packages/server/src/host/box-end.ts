import type { InvocationResult } from './invocation.ts'
import type { PodExit } from './pod.ts'

/** What the invocation that ran is told when its box is gone. */
export function endedResult(
  exit: PodExit,
  reason: string | undefined,
  memory: boolean,
  tail: string,
): InvocationResult {
  const code = memory ? 'function.out_of_memory' : 'function.exited'
  return { kind: 'error', code, message: [exitText(exit), reason ?? '', tail].join('\n').trim() }
}

/** How a process ended, in words. */
export function exitText({ code, signal }: PodExit): string {
  return code === null ? `signal ${signal}` : `exit status ${code}`
}

/** V8 aborts (SIGABRT, 134 from bwrap) when its own heap limit, or the process's data limit, is reached. */
export function heapExhausted({ code }: PodExit, tail: string): boolean {
  return code === 134 && /heap|out of memory|bad_alloc/i.test(tail)
}
