import { describe, expect, it } from 'vitest'

import { describeDynamoDb, type Described } from './describe.ts'

const arn = 'arn:aws:dynamodb:eu-central-1:000000000000:table/Orders'
const orders = { dynamodb: 'Orders', region: 'eu-central-1', account: '000000000000', partitionKey: 'customer', arn }
const audit = { ...orders, dynamodb: 'Audit', arn: arn.replace('Orders', 'Audit') }
const alice = { customer: { S: 'alice' } }

function ask(operation: string, input: object): Described {
  const body = new TextEncoder().encode(JSON.stringify(input))
  return describeDynamoDb({ target: `DynamoDB_20120810.${operation}`, body }, [orders, audit])
}

const code = (described: Described): string => (described.ok ? 'ok' : described.awsError.code)
const context = (described: Described): unknown => (described.ok ? described.asks[0].context : described)

const get = { TableName: 'Orders', Key: alice }
const query = {
  TableName: 'Orders',
  KeyConditionExpression: 'customer = :c',
  ExpressionAttributeValues: { ':c': { S: 'alice' } },
}
const legacy = (ComparisonOperator: string, AttributeValueList: unknown): object => ({
  TableName: 'Orders',
  KeyConditions: { customer: { ComparisonOperator, AttributeValueList } },
})
const whole: Readonly<Record<string, object>> = {
  GetItem: get,
  Query: query,
  Scan: { TableName: 'Orders' },
  UpdateItem: { ...get, UpdateExpression: 'SET a = :a', ExpressionAttributeValues: { ':a': { S: 'x' } } },
  BatchGetItem: { RequestItems: { Orders: { Keys: [alice] } } },
  BatchWriteItem: { RequestItems: { Orders: [{ DeleteRequest: { Key: alice } }] } },
  TransactGetItems: { TransactItems: [{ Get: get }] },
  TransactWriteItems: { TransactItems: [{ Delete: get }] },
}
const times = (count: number, each: object): object[] => Array.from({ length: count }, () => each)

const refused: readonly [string, string, object][] = [
  ['a member from the prototype', 'GetItem', { constructor: true }],
  ['names that are no names', 'GetItem', { ExpressionAttributeNames: { '#a': 1 } }],
  ['names that are a list', 'GetItem', { ExpressionAttributeNames: ['a'] }],
  ['values that are none', 'Query', { ExpressionAttributeValues: { ':c': { S: 'alice' }, ':d': {} } }],
  ['a key that is no key', 'GetItem', { Key: { customer: { BOOL: true } } }],
  ['a key that is none', 'GetItem', { Key: { ...alice, id: 'o1' } }],
  ['a page that begins nowhere', 'Scan', { ExclusiveStartKey: { customer: 'alice' } }],
  ['a condition that is none', 'UpdateItem', { ConditionExpression: 'a ==' }],
  ['a condition that is a list', 'UpdateItem', { ConditionExpression: ['a = :a'] }],
  ['a key condition that is none', 'Query', { KeyConditionExpression: 'customer' }],
  ['a key condition without its value', 'Query', { ExpressionAttributeValues: { ':d': { S: 'alice' } } }],
  ['a key condition on what can be no key', 'Query', { ExpressionAttributeValues: { ':c': { BOOL: true } } }],
  ['a list of attributes that is none', 'GetItem', { AttributesToGet: ['a', 1] }],
  ['a map of attributes that is none', 'UpdateItem', { AttributeUpdates: ['a'] }],
  ['an old key condition without a list', 'Query', legacy('EQ', 'alice')],
  ['an old key condition on what can be no key', 'Query', legacy('EQ', [{ BOOL: true }])],
  ['an old key condition that is none', 'Query', { KeyConditions: { customer: 'alice' } }],
  ['an index that would be a path', 'Scan', { IndexName: 'a/../../table/Audit' }],
  ['an index that is a list', 'Scan', { IndexName: ['index'] }],
  ['an unknown selection', 'Scan', { Select: 'EVERYTHING' }],
  ['unknown values to return', 'UpdateItem', { ReturnValues: 'EVERYTHING' }],
  ['unknown values to return on failure', 'UpdateItem', { ReturnValuesOnConditionCheckFailure: 'ALL_NEW' }],
  ['a scalar that is an object', 'GetItem', { ConsistentRead: { TableName: 'Audit' } }],
  ['a batch with another member', 'BatchGetItem', { Sneaky: true }],
  ['a transaction with another member', 'TransactGetItems', { Sneaky: true }],
  ['a table of a batch without entries', 'BatchGetItem', { RequestItems: { Orders: { Keys: [] } } }],
  ['a batch of no object', 'BatchGetItem', { RequestItems: { Orders: null } }],
  ['a batch without keys', 'BatchGetItem', { RequestItems: { Orders: { Keys: {} } } }],
  ['a batch of nothing', 'BatchGetItem', { RequestItems: null }],
  [
    'a batch of more than a hundred, over two tables',
    'BatchGetItem',
    { RequestItems: { Orders: { Keys: times(60, alice) }, Audit: { Keys: times(60, alice) } } },
  ],
  ['a batch of writes that is no list', 'BatchWriteItem', { RequestItems: { Orders: {} } }],
  ['a write that is none', 'BatchWriteItem', { RequestItems: { Orders: [null] } }],
  ['a write of nothing', 'BatchWriteItem', { RequestItems: { Orders: [{ PutRequest: 'x' }] } }],
  [
    'two writes in one',
    'BatchWriteItem',
    { RequestItems: { Orders: [{ DeleteRequest: { Key: alice }, PutRequest: { Item: {} } }] } },
  ],
  ['an unknown write', 'BatchWriteItem', { RequestItems: { Orders: [{ UpdateRequest: { Key: alice } }] } }],
  ['an empty transaction', 'TransactWriteItems', { TransactItems: [] }],
  ['a transaction of more than a hundred', 'TransactWriteItems', { TransactItems: times(101, { Delete: get }) }],
  ['an unknown entry of a transaction', 'TransactWriteItems', { TransactItems: [{ Sneaky: {} }] }],
  ['an entry of a transaction that is none', 'TransactWriteItems', { TransactItems: [null] }],
  ['an entry of a transaction without a body', 'TransactWriteItems', { TransactItems: [{ Delete: 'x' }] }],
]

describe('describeDynamoDb', () => {
  for (const [what, operation, changes] of refused) {
    it(`refuses ${what}`, () => {
      const input = whole[operation] ?? {}
      expect(code(ask(operation, input))).toBe('ok')
      const without = 'KeyConditions' in changes ? { TableName: 'Orders' } : input
      expect(code(ask(operation, { ...without, ...changes }))).toBe('aws.malformed')
    })
  }

  it('is bound to no row by the place where a page begins', () => {
    for (const operation of ['Scan', 'Query']) {
      const described = ask(operation, { TableName: 'Orders', ExclusiveStartKey: alice })
      expect(context(described)).toEqual({ 'dynamodb:Attributes': ['customer'], 'dynamodb:Select': 'ALL_ATTRIBUTES' })
    }
  })

  it('is bound to no row by a part of an attribute that has the name of the key', () => {
    expect(context(ask('Query', query))).toMatchObject({ 'dynamodb:LeadingKeys': ['alice'] })
    const inside = ask('Query', { ...query, KeyConditionExpression: 'customer.id = :c' })
    expect(context(inside)).not.toHaveProperty(['dynamodb:LeadingKeys'])
  })

  it('is bound by the interface before expressions where a key equals, and nowhere else', () => {
    const bound = (described: Described): boolean => JSON.stringify(context(described)).includes('LeadingKeys')
    expect(context(ask('Query', legacy('EQ', [{ S: 'alice' }])))).toMatchObject({ 'dynamodb:LeadingKeys': ['alice'] })
    expect(bound(ask('Query', legacy('GE', [{ S: 'alice' }])))).toBe(false)
    const filter = { customer: { ComparisonOperator: 'EQ', AttributeValueList: [{ S: 'alice' }] } }
    expect(bound(ask('Scan', { TableName: 'Orders', ScanFilter: filter }))).toBe(false)
  })

  it('tells the selection that was asked for, and that a list of attributes is one', () => {
    const count = ask('Scan', { TableName: 'Orders', Select: 'COUNT' })
    const listed = ask('Scan', { TableName: 'Orders', AttributesToGet: ['total'] })
    expect([count, listed].map(context)).toMatchObject([
      { 'dynamodb:Select': 'COUNT' },
      { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
    ])
  })

  it('names all of a new item as returned, whatever a failed condition would show besides', () => {
    const shown = { ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }
    expect(context(ask('UpdateItem', { ...get, ...shown }))).toMatchObject({ 'dynamodb:ReturnValues': 'ALL_NEW' })
    const kept = { ReturnValues: 'ALL_NEW', ReturnValuesOnConditionCheckFailure: 'NONE' }
    expect(context(ask('UpdateItem', { ...get, ...kept }))).toMatchObject({ 'dynamodb:ReturnValues': 'ALL_NEW' })
  })
})
