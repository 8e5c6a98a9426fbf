import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/core/access'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { mustLoad } from '../../../../manifest/src/testing/example.ts'
import { openExampleTables } from '../testing/open-tables.ts'
import { type EmbeddedTables, openTables } from './dynamodb.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-tables-'))
const failures: unknown[] = []
const TableName = 'Orders'
const Key = { customer: { S: 'alice' }, id: { S: 'o1' } }
let tables: EmbeddedTables

beforeAll(async () => {
  tables = await openExampleTables(join(folder, 'tables'), failures)
}, 60_000)
afterAll(async () => {
  await tables.close()
  rmSync(folder, { recursive: true })
})

async function ask(operation: string, more: object, signal = new AbortController().signal): Promise<unknown> {
  const body = Buffer.from(JSON.stringify({ TableName, ...more }))
  const { status, body: answer } = await tables.ask({ operation, body, timeoutMs: 60_000, signal })
  return status === 200 && answer instanceof Uint8Array ? JSON.parse(Buffer.from(answer).toString('utf8')) : status
}

/** As a function may write it: dynalite compares with what is not there, in a turn of its own, where nobody catches. */
const fatal = {
  KeyConditionExpression: 'customer = :a',
  FilterExpression: 'note IN (absent, :a)',
  ExpressionAttributeValues: { ':a': { S: 'alice' } },
}

test('they end with what a request makes of them, and the process does not', { timeout: 60_000 }, async () => {
  expect(await ask('PutItem', { Item: { ...Key, note: { S: 'kept' } } })).toEqual({})
  await expect(ask('Query', fatal)).rejects.toMatchObject({ code: 'upstream.unreachable' })
  const found = vi.waitFor(() => ask('GetItem', { Key }), { timeout: 30_000 })
  expect(await found).toEqual({ Item: { ...Key, note: { S: 'kept' } } })
  expect(failures).toMatchObject([{ code: 'dynamodb.tables', cause: { name: 'TypeError' } }])
})

test('one row cannot be made to stand in all others', { timeout: 60_000 }, async () => {
  const names = { '#p': '__proto__' }
  await ask('PutItem', { Item: { ...Key, a: { M: { b: { S: '' } } } } })
  const hidden = { ':v': { M: { x: { S: 'planted' } } } }
  const set = { Key, UpdateExpression: 'SET a.#p = :v', ExpressionAttributeNames: names }
  await ask('UpdateItem', { ...set, ExpressionAttributeValues: hidden })
  const looked = ask('GetItem', { Key, ProjectionExpression: 'a.#p.x', ExpressionAttributeNames: names })
  await expect(looked).rejects.toMatchObject({ code: 'upstream.unreachable' })
  const other = { ...Key, id: { S: 'o2' } }
  await vi.waitFor(() => ask('PutItem', { Item: { ...other, a: { S: 'text' } } }), { timeout: 30_000 })
  expect(await ask('GetItem', { Key: other, ProjectionExpression: 'a.x' })).toEqual({ Item: {} })
})

test('they have the indexes and the numbers that the manifest says, and are not changed under their rows', async () => {
  const [orders] = mustLoad().app.tables
  if (orders === undefined) throw new Error('the example has changed')
  const path = join(folder, 'indexed')
  const indexes = [{ name: 'by-status', partitionKey: 'status', sortKey: 'paid' }]
  const onFailure = (cause: unknown): unknown => failures.push(cause)
  const indexed = { path, tables: [{ ...orders, indexes, numbers: ['paid'] }], onFailure }
  const first = await openTables(indexed)
  const asking = async (operation: string, more: object): Promise<unknown> => {
    const body = Buffer.from(JSON.stringify({ TableName, ...more }))
    const { signal } = new AbortController()
    const answer = await first.ask({ operation, body, timeoutMs: 10_000, signal })
    return JSON.parse(answer.body instanceof Uint8Array ? Buffer.from(answer.body).toString('utf8') : '')
  }
  for (const paid of ['9', '10'])
    await asking('PutItem', {
      Item: { customer: { S: paid }, id: { S: 'o' }, status: { S: 'paid' }, paid: { N: paid } },
    })
  const query = {
    IndexName: 'by-status',
    KeyConditionExpression: '#s = :paid AND paid >= :least',
    ExpressionAttributeNames: { '#s': 'status' },
    ExpressionAttributeValues: { ':paid': { S: 'paid' }, ':least': { N: '9' } },
  }
  expect(await asking('Query', query)).toMatchObject({ Items: [{ paid: { N: '9' } }, { paid: { N: '10' } }] })
  await first.close()
  await (await openTables(indexed)).close()
  const before = failures.length
  await expect(openTables({ ...indexed, tables: [orders] })).rejects.toMatchObject({
    code: 'dynamodb.tables',
    cause: { message: expect.stringContaining('made with other keys or indexes') },
  })
  failures.splice(before)
})

test('a call that was aborted is not waited for', async () => {
  await expect(ask('GetItem', { Key }, AbortSignal.abort())).rejects.toMatchObject({ code: 'upstream.aborted' })
})

test('those that answer nobody in time are ended and started again', { timeout: 20_000 }, async () => {
  const before = failures.length
  await new Promise((resolve) => setImmediate(resolve)) // timers come next: no answer overtakes the deadline
  const signal = new AbortController().signal
  const asked = tables.ask({ operation: 'GetItem', body: Buffer.from('{}'), timeoutMs: 1, signal })
  for (const until = performance.now() + 20; performance.now() < until;);
  await expect(asked).rejects.toMatchObject({ code: 'upstream.timeout' })
  await vi.waitFor(() => expect(failures).toHaveLength(before + 1), { timeout: 30_000 })
})

/** A thread that says that it is ready, and then this. */
const threadSaying = (script: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => undefined); ${script}`,
    )}`,
  )
const ready = "parentPort.postMessage({ id: 0, status: 200, body: '' });"

test('a thread that says what is no answer is ended', { timeout: 20_000 }, async () => {
  const told: unknown[] = []
  const open = (script: string): Promise<EmbeddedTables> =>
    openTables({ tables: [], onFailure: (cause) => told.push(cause), thread: threadSaying(script) })
  const good = await open(ready)
  await good.close()
  expect(told, 'control: it was closed by us').toEqual([])
  await expect(open("parentPort.postMessage({ id: 'all' })")).rejects.toMatchObject({ code: 'dynamodb.tables' })
  await expect(open('process.exit()'), 'nor one that says nothing').rejects.toMatchObject({ code: 'dynamodb.tables' })
})

test('a table may have one key, and is made or they are not opened', { timeout: 60_000 }, async () => {
  const [orders] = mustLoad().app.tables
  if (orders === undefined) throw new Error('the example has tables')
  const { sortKey: _, ...oneKey } = orders
  const opened = await openTables({ tables: [oneKey], onFailure: () => undefined })
  const body = Buffer.from(JSON.stringify({ TableName, Item: { customer: Key.customer } }))
  const { signal } = new AbortController()
  expect(await opened.ask({ operation: 'PutItem', body, timeoutMs: 60_000, signal })).toMatchObject({ status: 200 })
  await opened.close()
  const unmakable = { ...oneKey, dynamodb: 'a b' }
  await expect(openTables({ tables: [unmakable], onFailure: () => undefined })).rejects.toMatchObject({
    code: 'dynamodb.tables',
  })
})

test('those that cannot be opened are not served', { timeout: 60_000 }, async () => {
  const options = { path: '/dev/null/tables', tables: mustLoad().app.tables, onFailure: () => undefined }
  await expect(openTables(options)).rejects.toBeInstanceOf(SallyportError)
})
