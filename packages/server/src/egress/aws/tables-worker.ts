import { EventEmitter } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'

import dynalite from 'dynalite'

// The thread in which the embedded tables are kept: see `openTables`, whose words these are.
const { path, tables } = workerData as {
  readonly path: string | undefined
  readonly tables: readonly (readonly [name: string, partitionKey: string, sortKey: string | undefined])[]
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

for (const [name, partitionKey, sortKey] of tables) {
  const keys = [
    { AttributeName: partitionKey, KeyType: 'HASH' },
    ...(sortKey === undefined ? [] : [{ AttributeName: sortKey, KeyType: 'RANGE' }]),
  ]
  const made = await answerTo(
    'CreateTable',
    JSON.stringify({
      TableName: name,
      KeySchema: keys,
      AttributeDefinitions: keys.map(({ AttributeName }) => ({ AttributeName, AttributeType: 'S' })),
      BillingMode: 'PAY_PER_REQUEST',
    }),
  )
  if (made.status !== 200 && !made.body.includes('ResourceInUseException')) {
    throw new Error(`the table ${name} could not be made: ${made.body.slice(0, 500)}`)
  }
  while (!(await answerTo('DescribeTable', JSON.stringify({ TableName: name }))).body.includes('"ACTIVE"')) {
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
parentPort?.postMessage({ id: 0, status: 200, body: '' })
parentPort?.on('message', ({ id, operation, body }: { id: number; operation: string; body: Uint8Array }) => {
  void answerTo(operation, Buffer.from(body).toString('utf8')).then((answer) =>
    parentPort?.postMessage({ id, ...answer }),
  )
})

/** What is told where dynalite itself would say `UnknownError`. */
const noTransactions = JSON.stringify({
  __type: 'com.amazon.coral.validate#ValidationException',
  message: 'The embedded tables know no transactions; a table with an endpoint does (tables, endpoint).',
})

/** What dynalite makes of a request, without a socket between; it looks at the form of a signature and checks none. */
function answerTo(operation: string, body: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve) => {
    if (operation.startsWith('Transact')) return resolve({ status: 400, body: noTransactions })
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
