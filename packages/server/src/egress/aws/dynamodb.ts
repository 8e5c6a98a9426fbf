import { Worker } from 'node:worker_threads'

import { SallyportError } from '@sallyport/core/access'
import type { Table } from '@sallyport/manifest'

import type { UpstreamAnswer } from '../upstream/upstream-call.ts'
import { readTablesAnswer } from './tables-answer.ts'
import type { Ending } from '../ending.ts'

/** One request for the embedded tables: everything in it has been decided. */
export interface TablesRequest {
  /** `GetItem` */
  readonly operation: string
  readonly body: Uint8Array
  readonly timeoutMs: number
  readonly signal: Ending
}

/** The embedded stand-in for DynamoDB. It has no address: nobody asks it but whoever holds this. */
export interface EmbeddedTables {
  /** Rejects with `upstream.unreachable`, `upstream.timeout` or `upstream.aborted`; it may have had an effect then. */
  ask(request: TablesRequest): Promise<UpstreamAnswer>
  close(): Promise<void>
}

interface KeyPart {
  readonly AttributeName: string
  readonly KeyType: 'HASH' | 'RANGE'
}

/** As far as it is used here. */
export interface CreateTableInput {
  readonly TableName: string
  readonly KeySchema: readonly KeyPart[]
  readonly AttributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: 'N' | 'S' }[]
  readonly GlobalSecondaryIndexes?: readonly {
    readonly IndexName: string
    readonly KeySchema: readonly KeyPart[]
    readonly Projection: { readonly ProjectionType: 'ALL' }
  }[]
  readonly BillingMode: 'PAY_PER_REQUEST'
}

/** What keeps the tables, where, and who is told when it ended by itself. */
export interface TablesOptions {
  /** In memory without one. */
  readonly path?: string
  readonly tables: readonly Table[]
  readonly onFailure: (cause: unknown) => void
  /** What runs in the thread; the embedded tables when absent. */
  readonly thread?: URL
}

const tablesThread = new URL(
  import.meta.url.endsWith('.ts') ? './tables-worker.ts' : './tables-worker.js',
  import.meta.url,
)

/** Enough for a scan; what takes more ends the thread and not the process. */
const heapMb = 512
const restMs = 1_000

/**
 * Opens the embedded tables, in a thread of their own, and makes those that are missing. Rejects with
 * `dynamodb.tables` where they cannot be opened. Adversary: a function that may ask a table, and another user of this
 * machine. Expressions and items reach dynalite as the function wrote them, and it was not made to withstand that: it
 * throws where nobody catches, and sets members of `Object.prototype`. Beside the vault either would be everybody's
 * end; here it ends the requests that are under way, and the thread is started again.
 */
export async function openTables(options: TablesOptions): Promise<EmbeddedTables> {
  const { path, tables, onFailure, thread = tablesThread } = options
  const waiting = new Map<number, PromiseWithResolvers<UpstreamAnswer>>()
  const ready = Promise.withResolvers<void>()
  let asked = 0
  let closed = false
  let rest: NodeJS.Timeout | undefined
  let keeper: Worker | undefined

  function start(): void {
    const one = new Worker(thread, {
      workerData: {
        path,
        tables: tables.map(createTableInput),
      },
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    })
    let served = false
    let failure: unknown
    one.on('message', (said: unknown) => {
      const answer = readTablesAnswer(said)
      if (answer === undefined) return void one.terminate()
      served = true
      ready.resolve()
      waiting.get(answer.id)?.resolve(answer.answer)
    })
    one.once('error', (cause) => (failure = cause))
    one.once('exit', () => {
      if (keeper === one) keeper = undefined
      const ended = new SallyportError('dynamodb.tables', 'the embedded tables ended by themselves', { cause: failure })
      ready.reject(ended)
      for (const { reject } of waiting.values()) reject(unreachable())
      if (closed) return
      onFailure(ended)
      rest = setTimeout(start, served ? 0 : restMs).unref()
    })
    keeper = one
  }

  start()
  const close = async (): Promise<void> => {
    closed = true
    clearTimeout(rest)
    await keeper?.terminate()
  }
  await ready.promise.catch(async (cause: unknown) => {
    await close()
    throw cause
  })

  return {
    ask: async ({ operation, body, timeoutMs, signal }) => {
      const one = keeper
      if (one === undefined) throw unreachable()
      const id = ++asked
      const answer = Promise.withResolvers<UpstreamAnswer>()
      waiting.set(id, answer)
      const abort = (): void => answer.reject(new SallyportError('upstream.aborted', 'the call was aborted'))
      // One that hangs answers nobody any more.
      const stuck = setTimeout(() => {
        answer.reject(new SallyportError('upstream.timeout', 'the embedded tables did not answer in time'))
        void one.terminate()
      }, timeoutMs)
      signal.addEventListener('abort', abort, { once: true })
      if (signal.aborted) abort()
      else one.postMessage({ id, operation, body })
      try {
        return await answer.promise
      } finally {
        clearTimeout(stuck)
        signal.removeEventListener('abort', abort)
        waiting.delete(id)
      }
    },
    close,
  }
}

function unreachable(): SallyportError {
  return new SallyportError('upstream.unreachable', 'the embedded tables ended and are being started again')
}

/** What makes a table, in the words of DynamoDB's CreateTable. */
function createTableInput({ dynamodb, indexes = [], numbers = [], ...own }: Table): CreateTableInput {
  const schemaOf = ({
    partitionKey,
    sortKey,
  }: Pick<Table, 'partitionKey' | 'sortKey'>): CreateTableInput['KeySchema'] => [
    { AttributeName: partitionKey, KeyType: 'HASH' },
    ...(sortKey === undefined ? [] : [{ AttributeName: sortKey, KeyType: 'RANGE' as const }]),
  ]
  const secondary = indexes.map((index) => ({
    IndexName: index.name,
    KeySchema: schemaOf(index),
    Projection: { ProjectionType: 'ALL' as const },
  }))
  const keyed = [own, ...indexes].flatMap((one) => schemaOf(one).map(({ AttributeName }) => AttributeName))
  return {
    TableName: dynamodb,
    KeySchema: schemaOf(own),
    AttributeDefinitions: [...new Set(keyed)].map((AttributeName) => ({
      AttributeName,
      AttributeType: numbers.includes(AttributeName) ? 'N' : 'S',
    })),
    ...(secondary.length === 0 ? {} : { GlobalSecondaryIndexes: secondary }),
    BillingMode: 'PAY_PER_REQUEST',
  }
}
