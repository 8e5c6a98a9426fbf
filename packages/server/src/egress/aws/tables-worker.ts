import { EventEmitter } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'

import dynalite from 'dynalite'

import type { CreateTableInput } from './dynamodb.ts'
import { type TablesAnswer, withTransactions } from './tables-transactions.ts'

// The thread in which the embedded tables are kept: see `openTables`, whose words these are.
const { path, tables } = workerData as {
  readonly path: string | undefined
  readonly tables: readonly CreateTableInput[]
}
const server = dynalite({
  createTableMs: 0,
  deleteTableMs: 0,
  updateTableMs: 0,
  ...(path === undefined ? {} : { path }),
})
// dynalite walks paths that a function wrote, `__proto__` among them, and makes what is not there.
Object.preventExtensions(Object.prototype)
Object.preventExtensions(Array.prototype)

for (const table of tables) {
  const { TableName } = table
  const made = await answerTo('CreateTable', JSON.stringify(table))
  if (made.status !== 200 && !made.body.includes('ResourceInUseException')) {
    throw new Error(`the table ${TableName} could not be made: ${made.body.slice(0, 500)}`)
  }
  for (;;) {
    const { body } = await answerTo('DescribeTable', JSON.stringify({ TableName }))
    if (!body.includes('"ACTIVE"')) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      continue
    }
    if (keysOf((JSON.parse(body) as { Table: CreateTableInput }).Table) === keysOf(table)) break
    throw new Error(
      `the embedded table ${TableName} was made with other keys or indexes than it has now, and cannot be changed: ` +
        'give it another name under dynamodb, or move the folder of the tables away, with all their rows',
    )
  }
}
const columns = new Map(
  tables.map(({ TableName, KeySchema }) => [TableName, KeySchema.map(({ AttributeName }) => AttributeName)]),
)
const answer = withTransactions(answerTo, (table) => columns.get(table) ?? [])
parentPort?.postMessage({ id: 0, status: 200, body: '' })
parentPort?.on('message', ({ id, operation, body }: { id: number; operation: string; body: Uint8Array }) => {
  void answer(operation, Buffer.from(body).toString('utf8')).then((said) => parentPort?.postMessage({ id, ...said }))
})

/** Keys and indexes, with their types, in one text; the order of indexes and of definitions means nothing. */
function keysOf({ KeySchema, AttributeDefinitions, GlobalSecondaryIndexes = [] }: CreateTableInput): string {
  const types = new Map(AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]))
  const shown = (schema: CreateTableInput['KeySchema']): string =>
    schema.map(({ AttributeName, KeyType }) => `${KeyType} ${AttributeName} ${types.get(AttributeName)}`).join()
  const indexes = GlobalSecondaryIndexes.map((index) => `${index.IndexName} ${shown(index.KeySchema)}`)
  return [shown(KeySchema), ...indexes.toSorted()].join('\n')
}

/** What dynalite makes of a request, without a socket between; it looks at the form of a signature and checks none. */
function answerTo(operation: string, body: string): Promise<TablesAnswer> {
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': '20120810T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=embedded/20120810/any/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    }
    const request = Object.assign(new EventEmitter(), { method: 'POST', url: '/', headers })
    const response = {
      statusCode: 200,
      setHeader: () => undefined,
      end: (text: string) => resolve({ status: response.statusCode, body: text }),
    }
    server.emit('request', request, response)
    request.emit('data', Buffer.from(body))
    request.emit('end')
  })
}
