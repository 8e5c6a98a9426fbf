import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import type { Harness } from './harness.ts'

export interface SdkCall {
  readonly operation: 'GetItem' | 'PutItem' | 'UpdateItem' | 'Query' | 'Scan' | 'BatchWriteItem'
  readonly input: object
}

/** `ok`, or the name of the exception that the SDK raised. */
export interface SdkResult {
  readonly name: string
  readonly item?: unknown
  readonly message?: string
  readonly requestId?: string | undefined
}

/**
 * The AWS SDK in a thread of its own whose whole environment is the box's, changed by `changes`. A thread also because
 * the test runner resolves packages by conditions under which Node cannot load the SDK.
 */
export async function sdk(
  harness: Harness,
  operation: SdkCall['operation'],
  input: object,
  changes: Readonly<Record<string, string>> = {},
): Promise<SdkResult> {
  const worker = new Worker(new URL('./sdk-worker.ts', import.meta.url), {
    env: { ...harness.environment, ...changes },
    execArgv: [],
    workerData: { httpPort: harness.httpPort },
  })
  try {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage({ operation, input } satisfies SdkCall)
    const [result]: SdkResult[] = await once(worker, 'message')
    return result ?? { name: 'nothing' }
  } finally {
    await worker.terminate()
  }
}
