import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { SallyportError } from '@sallyport/core/access'
import type { Table } from '@sallyport/manifest'
import aws4 from 'aws4' // CommonJS without named exports
import dynalite from 'dynalite'
import { request } from 'undici'

/** The embedded stand-in for DynamoDB. */
export interface Dynalite {
  /** `http://127.0.0.1:PORT`; it checks no signature, so only the egress door may know it. */
  readonly endpoint: string
  close(): Promise<void>
}

/** Starts dynalite on loopback, keeps its data under `path` (in memory without one), and makes the missing tables. */
export async function startDynalite(options: {
  readonly path?: string
  readonly tables: readonly Table[]
}): Promise<Dynalite> {
  const server: Server = dynalite({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    ...(options.path === undefined ? {} : { path: options.path }),
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  // A server that listens on an address has one; `address()` is a string for pipes only.
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.closeAllConnections()
      server.close((error) => (error ? reject(error) : resolve()))
    })
  try {
    for (const table of options.tables) await createTable(endpoint, table)
  } catch (error) {
    await close()
    throw error
  }
  return { endpoint, close }
}

async function createTable(endpoint: string, table: Table): Promise<void> {
  const keys = [
    { AttributeName: table.partitionKey, KeyType: 'HASH' },
    ...(table.sortKey === undefined ? [] : [{ AttributeName: table.sortKey, KeyType: 'RANGE' }]),
  ]
  const body = JSON.stringify({
    TableName: table.dynamodb,
    KeySchema: keys,
    AttributeDefinitions: keys.map(({ AttributeName }) => ({ AttributeName, AttributeType: 'S' })),
    BillingMode: 'PAY_PER_REQUEST',
  })
  const { host } = new URL(endpoint)
  const signed = aws4.sign(
    {
      method: 'POST',
      host,
      path: '/',
      service: 'dynamodb',
      region: table.region,
      body,
      headers: { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'DynamoDB_20120810.CreateTable' },
    },
    { accessKeyId: 'dynalite', secretAccessKey: 'dynalite' },
  )
  const headers = Object.entries(signed.headers ?? {}).map(([name, value]): [string, string] => [name, String(value)])
  const answer = await request(endpoint, { method: 'POST', headers: Object.fromEntries(headers), body })
  const text = await answer.body.text()
  if (answer.statusCode !== 200 && !text.includes('ResourceInUseException')) {
    throw new SallyportError('dynamodb.table', `the table ${table.dynamodb} could not be made: ${text.slice(0, 500)}`)
  }
}
