import { afterAll, beforeAll, expect, it } from 'vitest'

import { openExampleTables } from '../testing/open-tables.ts'
import type { EmbeddedTables } from './dynamodb.ts'
import { type TablesAnswer, withTransactions } from './tables-transactions.ts'

const TableName = 'Orders'
const unless = { ConditionExpression: 'attribute_not_exists(id)' }
const where = { ConditionExpression: 'attribute_exists(id)' }
let tables: EmbeddedTables

beforeAll(async () => {
  tables = await openExampleTables()
}, 60_000)
afterAll(() => tables.close())

async function ask(operation: string, input: object): Promise<object> {
  const { signal } = new AbortController()
  const body = Buffer.from(JSON.stringify(input))
  const answer = await tables.ask({ operation, body, timeoutMs: 60_000, signal })
  return JSON.parse(answer.body instanceof Uint8Array ? Buffer.from(answer.body).toString('utf8') : '{}') as object
}

const key = (id: string): object => ({ customer: { S: 'alice' }, id: { S: id } })
const Put = (id: string, text: string, more = {}): object => ({
  Put: { TableName, Item: { ...key(id), text: { S: text } }, ...more },
})
const Update = (id: string, more = {}): object => ({
  Update: {
    TableName,
    Key: key(id),
    UpdateExpression: 'ADD times :one',
    ExpressionAttributeValues: { ':one': { N: '1' } },
    ...more,
  },
})
const write = (...TransactItems: object[]): Promise<object> => ask('TransactWriteItems', { TransactItems })
const stored = async (...ids: string[]): Promise<unknown> => {
  const TransactItems = ids.map((id) => ({ Get: { TableName, Key: key(id) } }))
  const { Responses } = (await ask('TransactGetItems', { TransactItems })) as { Responses: object[] }
  return Responses.map((one) => ('Item' in one ? (one.Item as { text?: object; times?: object }) : undefined)).map(
    (item) => item && (item.text ?? item.times ?? 'there'),
  )
}

it('a transaction does all that it says, each under its condition', async () => {
  await write(Put('old', 'old'), Put('gone', 'gone'))
  const check = { ConditionCheck: { TableName, Key: key('nobody'), ...unless } }
  const known = { ConditionCheck: { TableName, Key: key('old'), ...where } }
  const away = { Delete: { TableName, Key: key('gone'), ...where } }
  expect(await write(Put('new', 'new', unless), Update('counted'), away, check, known)).toEqual({})
  expect(await stored('old', 'gone', 'new', 'counted', 'nobody')).toEqual([
    { S: 'old' },
    undefined,
    { S: 'new' },
    { N: '1' },
    undefined,
  ])
})

it('or nothing, and says of each entry what stood in the way', async () => {
  await write(Put('kept', 'kept'), Put('stays', 'stays'))
  const refused = await write(
    Put('kept', 'changed'),
    Put('fresh', 'fresh'),
    { Delete: { TableName, Key: key('stays') } },
    { ConditionCheck: { TableName, Key: key('nobody'), ...where, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } },
    Put('stays-too', 'x', where),
  )
  expect(refused).toMatchObject({
    __type: expect.stringContaining('TransactionCanceledException'),
    message: expect.stringContaining('[None, None, None, ConditionalCheckFailed, ConditionalCheckFailed]'),
    CancellationReasons: [{ Code: 'None' }, {}, {}, { Code: 'ConditionalCheckFailed' }, {}],
  })
  expect(await stored('kept', 'fresh', 'stays', 'stays-too')).toEqual([
    { S: 'kept' },
    undefined,
    { S: 'stays' },
    undefined,
  ])
})

it('nothing, too, where an entry cannot be done at all', async () => {
  await write(Put('whole', 'whole'))
  const broken = Update('other', { UpdateExpression: 'ADD' })
  expect(await write(Put('whole', 'half'), broken)).toMatchObject({ __type: expect.stringContaining('Validation') })
  expect(await stored('whole')).toEqual([{ S: 'whole' }])
})

it('one item is asked for once', async () => {
  expect(await write(Put('one', 'a'), Update('one'))).toMatchObject({ __type: expect.stringContaining('Validation') })
  expect(await stored('one')).toEqual([undefined])
})

it('who sends it again by the same token is told that it is done', async () => {
  const again = { TransactItems: [Update('again')], ClientRequestToken: 't1' }
  expect([await ask('TransactWriteItems', again), await ask('TransactWriteItems', again)]).toEqual([{}, {}])
  expect(await stored('again')).toEqual([{ N: '1' }])
})

it('nobody comes between, and nobody is lost', async () => {
  const lost = write(Update('busy'), Put('absent', 'x', where))
  const plain = Update('busy') as { Update: object }
  const all = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? write(plain) : ask('UpdateItem', plain.Update)))
  expect(await lost).toHaveProperty('CancellationReasons')
  await Promise.all(all)
  expect(await stored('busy')).toEqual([{ N: '20' }])
})

it('what is under way already is waited for', async () => {
  const under = Promise.withResolvers<TablesAnswer>()
  const asked: string[] = []
  const answer = withTransactions(
    (operation) => {
      asked.push(operation)
      return operation === 'PutItem' ? under.promise : Promise.resolve({ status: 200, body: '{}' })
    },
    () => ['customer', 'id'],
  )
  const first = answer('PutItem', '{}')
  const transaction = answer('TransactWriteItems', JSON.stringify({ TransactItems: [Update('x')] }))
  const later = answer('Query', '{}')
  await new Promise(setImmediate)
  expect(asked).toEqual(['PutItem'])
  under.resolve({ status: 200, body: '{}' })
  await Promise.all([first, transaction, later])
  expect(asked).toEqual(['PutItem', 'GetItem', 'UpdateItem', 'Query'])
})
