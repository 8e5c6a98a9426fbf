import type { InvocationResult } from '../invocation.ts'
import type { PodExit } from './pod.ts'

/** What the invocation that ran is told when its box is gone: of memory, if `memoryMb`, the limit, was met. */
export function endedResult(
  exit: PodExit,
  reason: string | undefined,
  memoryMb: number | undefined,
  tail: string,
): InvocationResult {
  const code = memoryMb === undefined ? 'function.exited' : 'function.out_of_memory'
  const limit = memoryMb === undefined ? '' : `its limit of ${memoryMb} MB was met`
  const lines = [limit, exitText(exit), reason ?? '', tail]
  return { kind: 'error', code, message: lines.filter((line) => line !== '').join('\n') }
}

/** What it is told when the process that parses for its box is gone, and with it every connection. */
export function parserEnded(message: string): InvocationResult {
  return { kind: 'error', code: 'function.parser_ended', message }
}

/** How a process ended, in words. */
export function exitText({ code, signal }: PodExit): string {
  return code === null ? `signal ${signal}` : `exit status ${code}`
}

/** V8 aborts (SIGABRT, 134 from bwrap) when its own heap limit, or the process's data limit, is reached. */
export function heapExhausted({ code }: PodExit, tail: string): boolean {
  return code === 134 && /heap|out of memory|bad_alloc/i.test(tail)
}
