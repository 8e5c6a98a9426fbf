import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import type { EmbeddedTables } from './dynamodb.ts'
import { type Harness, openHarness } from '../testing/harness.ts'
import { openExampleTables } from '../testing/open-tables.ts'
import { endSdk, sdk, type SdkResult } from '../testing/sdk.ts'

let folder: string
let tables: EmbeddedTables
let harness: Harness

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-dynalite-'))
  tables = await openExampleTables(join(folder, 'tables'))
})
afterAll(async () => {
  await endSdk()
  await tables.close()
  await rm(folder, { recursive: true })
})
afterEach(() => harness.close())

const open = async (functionName: string): Promise<void> => {
  harness = await openHarness({ functionName, tables })
}
const order = (customer: string): Record<string, { S: string }> => ({ customer: { S: customer }, id: { S: 'o1' } })
const get = (customer = 'alice', changes = {}, table = 'Orders'): Promise<SdkResult> =>
  sdk(harness, 'GetItem', { TableName: table, Key: order(customer) }, changes)

const update = async (expression: string, more: object = {}): Promise<string> => {
  const result = await sdk(harness, 'UpdateItem', {
    TableName: 'Orders',
    Key: order('alice'),
    UpdateExpression: expression,
    ExpressionAttributeNames: { '#s': 'status' },
    ExpressionAttributeValues: { ':x': { S: 'paid' } },
    ...more,
  })
  return result.name
}

describe('the AWS door, driven by the unmodified SDK', () => {
  it('writes and reads the row of the user on whose behalf the function runs', async () => {
    await open('orders')
    const put = await sdk(harness, 'PutItem', {
      TableName: 'Orders',
      Item: { ...order('alice'), status: { S: 'pending' } },
    })
    expect(put).toMatchObject({ name: 'ok' })
    expect(await get()).toMatchObject({ item: { status: { S: 'pending' } } })
    expect(harness.decisions).toMatchObject([
      {
        effect: 'allow',
        durability: 'synced',
        asked: [{ action: 'dynamodb:PutItem', resource: harness.app.tables[0]?.arn }],
      },
      {
        effect: 'allow',
        durability: 'written',
        context: { 'dynamodb:LeadingKeys': ['alice'], 'sallyport:TransactionUser': 'alice' },
      },
    ])
    await expect
      .poll(() => harness.others)
      .toMatchObject([
        { outcome: 'done', status: 200 },
        { outcome: 'done', status: 200 },
      ])
  })

  it("refuses another user's row with an exception that names the id", async () => {
    await open('orders')
    const refused = await get('bob')
    const [decision] = harness.decisions
    expect(refused).toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(decision?.id ?? '?'),
      requestId: decision?.id,
    })
    expect(await get('alice')).toMatchObject({ name: 'ok' })
  })

  it('lets payments write its two columns, and no other, and reveal none', async () => {
    await open('payments')
    expect(await update('SET #s = :x, paymentId = :x')).toBe('ok')
    expect(await update('SET #s = :x, total = :x')).toBe('AccessDeniedException')
    expect(await update('SET #s = :x', { ReturnValues: 'ALL_NEW' })).toBe('AccessDeniedException')
    const onFailure = { ConditionExpression: 'id = :x', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }
    expect(await update('SET #s = :x', onFailure)).toBe('AccessDeniedException')
    expect(await update('SET #s = :x', { ReturnValues: 'UPDATED_NEW' })).toBe('ok')
  })

  it('denies what nobody granted', async () => {
    await open('orders')
    const query = {
      TableName: 'Orders',
      KeyConditionExpression: 'customer = :c',
      ExpressionAttributeValues: { ':c': { S: 'alice' } },
    }
    expect(await sdk(harness, 'Scan', { TableName: 'Orders' })).toMatchObject({ name: 'AccessDeniedException' })
    expect(await sdk(harness, 'Query', query)).toMatchObject({ name: 'AccessDeniedException' })
    const batch = { RequestItems: { Orders: [{ PutRequest: { Item: order('alice') } }] } }
    expect(await sdk(harness, 'BatchWriteItem', batch)).toMatchObject({ name: 'AccessDeniedException' })
    expect(await get()).toMatchObject({ name: 'ok' })
  })

  it('denies own rows when nobody stands behind the call, and everything when no invocation runs', async () => {
    await open('orders')
    const running = harness.invocation
    if (!running) throw new Error('the harness starts with an invocation')
    const { user: _, ...nobody } = running
    harness.invocation = nobody
    expect(await get()).toMatchObject({ name: 'AccessDeniedException' })
    harness.invocation = undefined
    expect(await get()).toMatchObject({ name: 'AccessDeniedException' })
    expect(harness.decisions.at(-1)).toMatchObject({ effect: 'deny', reasons: [{ code: 'exit.no_invocation' }] })
    harness.invocation = running
    expect(await get()).toMatchObject({ name: 'ok' })
  })

  it("refuses wrong keys, another box's token, another region, undeclared tables and other services", async () => {
    await open('orders')
    expect(await get('alice', { AWS_SECRET_ACCESS_KEY: 'wrong' })).toMatchObject({ name: 'SignatureDoesNotMatch' })
    expect(await get('alice', { AWS_SESSION_TOKEN: 'of-another-box' })).toMatchObject({ name: 'InvalidClientTokenId' })
    expect(await get('alice', { AWS_REGION: 'ap-east-1' })).toMatchObject({ name: 'AccessDeniedException' })
    expect(await get('alice', {}, 'Secrets')).toMatchObject({ name: 'AccessDeniedException' })
    expect(harness.decisions.map(({ reasons }) => reasons[0]?.code)).toEqual([
      'aws.signature',
      'aws.signature',
      'aws.region',
      'aws.unknown_table',
    ])
    expect(await get()).toMatchObject({ name: 'ok' })
  })

  it('sends what was decided, signed anew, and nothing that the box sent', async () => {
    const seen: { headers: IncomingMessage['headers']; body: string }[] = []
    const upstream = createServer((message, response) => {
      const one = { headers: message.headers, body: '' }
      seen.push(one)
      message.on('data', (part) => (one.body += String(part)))
      message.on('end', () => response.setHeader('content-type', 'application/x-amz-json-1.0').end('{}'))
    })
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    // `listen` on a port gives an address, never the path of a pipe.
    const { port } = upstream.address() as AddressInfo
    harness = await openHarness({ functionName: 'orders', tableEndpoint: () => `http://127.0.0.1:${port}` })
    await get('alice', {}, harness.app.tables[0]?.arn)
    upstream.closeAllConnections()
    upstream.close()
    expect(seen[0]?.headers['authorization']).toContain('Credential=UPSTREAM0001/')
    expect(JSON.stringify(seen)).not.toContain(harness.environment['AWS_SESSION_TOKEN'])
    expect(seen[0]?.headers['user-agent']).toBeUndefined()
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ TableName: 'Orders', Key: order('alice') })
  })

  it('keeps the tables over a restart', async () => {
    await open('orders')
    await sdk(harness, 'PutItem', { TableName: 'Orders', Item: { ...order('alice'), status: { S: 'kept' } } })
    await harness.close()
    await tables.close()
    tables = await openExampleTables(join(folder, 'tables'))
    await open('orders')
    expect(await get()).toMatchObject({ item: { status: { S: 'kept' } } })
  })
})
