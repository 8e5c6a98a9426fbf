import type { Invocation, InvocationResult } from '../invocation.ts'

/** An invocation without a box yet. */
export interface Waiting {
  readonly invocation: Invocation
  readonly resolve: (result: InvocationResult) => void
  readonly timer: NodeJS.Timeout
}

/** Tells the one who waits what came of it. */
export function answer({ resolve, timer }: Waiting, result: InvocationResult): void {
  clearTimeout(timer)
  resolve(result)
}

/** Too much is asked of the function. */
export function busy(why: string): InvocationResult {
  return failed('function.busy', why)
}

/** Any other reason why there is no answer. */
export function failed(code: string, message: string): InvocationResult {
  return { kind: 'error', code, message }
}
