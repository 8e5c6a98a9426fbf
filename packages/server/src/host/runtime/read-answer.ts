import { constants, getPriority, setPriority } from 'node:os'
import { parentPort, Worker, workerData } from 'node:worker_threads'

import { type FunctionAnswer, fromFunctionResult } from './event.ts'

/** Less is read in less time than it takes to give it to somebody else. */
const largeBytes = 128 * 1024
/** What six megabytes of JSON can become: some three million empty lists. */
const usualHeapMb = 512
const role = 'reads what functions returned'

/**
 * What reading may take of a processor without anybody wondering: five megabytes take 20 ms. Not of a clock: on a busy
 * machine everything would be costly, and two threads that read at once make it busier.
 */
const usualMs = (bytes: number): number => 50 + bytes / 50_000
/** So long a function whose answers took more is read apart from the others. */
const apartMs = 60_000
/** Until then a thread that reads nothing is kept, with all that is garbage there: some hundred megabytes. */
const usualKeepMs = 10_000

/** Reads what a function returned, and gives what `fromFunctionResult` says of it. `result` is given up by that. */
export type ReadResult = (result: Uint8Array, functionName?: string) => Promise<FunctionAnswer | undefined>

/**
 * What is large is read by a second thread, one result after the other, while this one serves everybody else.
 * Adversary: a function whose answers are as many, as large and as costly as they may be: three million names, or lists
 * in lists, take seconds. From the first such answer on, its others are read by a third thread, and the rest need not
 * wait. One that the thread does not survive is no answer; those that wait behind it are read by the next thread.
 */
export function createResultReader(
  heapMb: number = usualHeapMb,
  mayTakeMs: (bytes: number) => number = usualMs,
  keepMs: number = usualKeepMs,
): ReadResult {
  const costlyUntil = new Map<string, number>()
  const usual: Lane = { waiting: [] }
  const apart: Lane = { waiting: [] }

  const isCostly = (name: string): boolean => (costlyUntil.get(name) ?? 0) > performance.now()

  function readNext(lane: Lane): void {
    if (lane.reading !== undefined) return
    const next = lane.waiting.shift()
    if (next === undefined) return
    clearTimeout(lane.unneeded)
    lane.reading = next
    lane.reader ??= startReader(lane)
    const bytes = movable(next.result)
    lane.reader.postMessage(bytes, [bytes.buffer])
  }

  function settle(lane: Lane, { answer, tookMs }: Read): void {
    const { reading } = lane
    delete lane.reading
    if (reading !== undefined && tookMs > mayTakeMs(reading.bytes)) setApart(reading.name)
    reading?.resolve(answer)
    readNext(usual)
    readNext(apart)
    if (lane.reading === undefined) lane.unneeded = setTimeout(() => endReader(lane), keepMs).unref()
  }

  function endReader(lane: Lane): void {
    const { reader } = lane
    delete lane.reader
    void reader?.terminate()
  }

  function setApart(name: string): void {
    costlyUntil.set(name, performance.now() + apartMs)
    const others = usual.waiting.splice(0)
    for (const one of others) (one.name === name ? apart : usual).waiting.push(one)
  }

  function startReader(lane: Lane): Worker {
    const started = new Worker(new URL(import.meta.url), {
      workerData: role,
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    })
    started.on('message', (read: Read) => settle(lane, read)).on('error', () => undefined) // its `exit` follows
    started.once('exit', () => {
      if (lane.reader !== started) return
      delete lane.reader
      settle(lane, { answer: undefined, tookMs: Infinity })
    })
    started.unref()
    return started
  }

  return (result, name = '') => {
    if (result.byteLength <= largeBytes) return Promise.resolve(fromFunctionResult(result))
    const { promise, resolve } = Promise.withResolvers<FunctionAnswer | undefined>()
    const lane = isCostly(name) ? apart : usual
    lane.waiting.push({ result, name, bytes: result.byteLength, resolve })
    readNext(lane)
    return promise
  }
}

/** The one that both doors use. */
export const readFunctionResult: ReadResult = createResultReader()

interface Waiting {
  readonly result: Uint8Array
  readonly name: string
  readonly bytes: number
  readonly resolve: (answer: FunctionAnswer | undefined) => void
}

/** What a thread says of one result. */
interface Read {
  readonly answer: FunctionAnswer | undefined
  /** Of a processor. */
  readonly tookMs: number
}

interface Lane {
  readonly waiting: Waiting[]
  reading?: Waiting
  reader?: Worker
  /** Ends the reader once nobody has needed it for a while. */
  unneeded?: NodeJS.Timeout
}

/** In memory of its own: what moves is gone here with all that shares it. */
function movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength
    ? new Uint8Array(buffer)
    : new Uint8Array(bytes)
}

/** Where processors are short, this thread lets those go first who serve everybody. */
const behindOthers = 5

if (workerData === role) {
  setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + behindOthers)) // of this thread alone
  parentPort?.on('message', (result: Uint8Array) => {
    const before = process.threadCpuUsage()
    const answer = fromFunctionResult(result)
    const { user, system } = process.threadCpuUsage(before)
    const tookMs = (user + system) / 1_000
    if (answer === undefined) return parentPort?.postMessage({ answer, tookMs })
    const body = movable(answer.body)
    parentPort?.postMessage({ answer: { ...answer, body }, tookMs }, [body.buffer])
  })
}
