import { parentPort, Worker, workerData } from 'node:worker_threads'

import { type FunctionAnswer, fromFunctionResult } from './event.ts'

/** Reads what a function returned, and gives what `fromFunctionResult` says of it. `result` is given up by that. */
export type ReadResult = (result: Uint8Array) => Promise<FunctionAnswer | undefined>

/** Less is read in less time than it takes to give it to somebody else. */
const largeBytes = 128 * 1024
/** What six megabytes of JSON can become: some three million empty lists. */
const usualHeapMb = 512
const role = 'reads what functions returned'

/**
 * What is large is read by a second thread, one result after the other, while this one serves everybody else: five
 * megabytes take 20 ms. Adversary: a function whose answers are as many, as large and as costly as they may be. One
 * that the thread does not survive is no answer; those that wait behind it are read by the next thread.
 */
export function createResultReader(heapMb: number = usualHeapMb): ReadResult {
  const waiting: Waiting[] = []
  let reading: Waiting | undefined
  let reader: Worker | undefined

  function readNext(): void {
    if (reading !== undefined) return
    reading = waiting.shift()
    if (reading === undefined) return
    reader ??= startReader()
    const bytes = movable(reading.result)
    reader.postMessage(bytes, [bytes.buffer])
  }

  function settle(answer: FunctionAnswer | undefined): void {
    reading?.resolve(answer)
    reading = undefined
    readNext()
  }

  function startReader(): Worker {
    const started = new Worker(new URL(import.meta.url), {
      workerData: role,
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    })
    started.on('message', settle).on('error', () => undefined) // its `exit` follows
    started.once('exit', () => {
      reader = undefined
      settle(undefined)
    })
    started.unref()
    return started
  }

  return (result) => {
    if (result.byteLength <= largeBytes) return Promise.resolve(fromFunctionResult(result))
    const { promise, resolve } = Promise.withResolvers<FunctionAnswer | undefined>()
    waiting.push({ result, resolve })
    readNext()
    return promise
  }
}

/** The one that both doors use. */
export const readFunctionResult: ReadResult = createResultReader()

interface Waiting {
  readonly result: Uint8Array
  readonly resolve: (answer: FunctionAnswer | undefined) => void
}

/** In memory of its own: what moves is gone here with all that shares it. */
function movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes)
}

if (workerData === role) {
  parentPort?.on('message', (result: Uint8Array) => {
    const answer = fromFunctionResult(result)
    if (answer === undefined) return parentPort?.postMessage(undefined)
    const body = movable(answer.body)
    parentPort?.postMessage({ ...answer, body }, [body.buffer])
  })
}
