import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import type { Harness } from './harness.ts'

export interface SdkCall {
  readonly operation: 'GetItem' | 'PutItem' | 'UpdateItem' | 'Query' | 'Scan' | 'BatchWriteItem'
  readonly input: object
  /** All of the environment that the SDK finds. */
  readonly environment: Readonly<Record<string, string>>
  /** Where the door listens. */
  readonly httpPort: number
}

/** `ok`, or the name of the exception that the SDK raised. */
export interface SdkResult {
  readonly name: string
  readonly item?: unknown
  readonly message?: string
  readonly requestId?: string | undefined
}

let thread: Worker | undefined

/**
 * The AWS SDK in a thread of its own whose whole environment is the box's, changed by `changes`. A thread also because
 * the test runner resolves packages by conditions under which Node cannot load the SDK. It stays for the next call, for
 * loading the SDK takes longer than a call of it; `endSdk` ends it.
 */
export async function sdk(
  harness: Harness,
  operation: SdkCall['operation'],
  input: object,
  changes: Readonly<Record<string, string>> = {},
): Promise<SdkResult> {
  thread ??= new Worker(new URL('./sdk-worker.ts', import.meta.url), { env: {}, execArgv: [] })
  const answered = once(thread, 'message')
  const environment = { ...harness.environment, ...changes }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  thread.postMessage({ operation, input, environment, httpPort: harness.httpPort } satisfies SdkCall)
  const [result]: SdkResult[] = await answered
  return result ?? { name: 'nothing' }
}

/** For `afterAll`. */
export async function endSdk(): Promise<void> {
  await thread?.terminate()
  thread = undefined
}
