import { describe, expect, it } from 'vitest'

import { describeDynamoDb, type Described } from './describe.ts'

const orders = {
  dynamodb: 'Orders',
  region: 'eu-central-1',
  account: '000000000000',
  partitionKey: 'customer',
  sortKey: 'id',
  arn: 'arn:aws:dynamodb:eu-central-1:000000000000:table/Orders',
}
const audit = { ...orders, dynamodb: 'Audit', arn: 'arn:aws:dynamodb:eu-central-1:000000000000:table/Audit' }
const tables = [orders, audit]
const key = { customer: { S: 'alice' }, id: { S: 'o1' } }

const raw = (operation: string, body: string): Described =>
  describeDynamoDb({ target: `DynamoDB_20120810.${operation}`, body: new TextEncoder().encode(body) }, tables)
const ask = (operation: string, input: object): Described => raw(operation, JSON.stringify(input))
const code = (described: Described): string => (described.ok ? 'ok' : described.awsError.code)
const contexts = (described: Described): unknown =>
  described.ok ? described.asks.map((each) => each.context) : described
const actions = (described: Described): unknown =>
  described.ok ? described.asks.map((each) => each.action) : described

const query = (condition: string, names = {}): Described =>
  ask('Query', {
    TableName: 'Orders',
    KeyConditionExpression: condition,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: { ':c': { S: 'alice' }, ':d': { S: 'bob' } },
  })
const write = (customer: string): object => ({ PutRequest: { Item: { customer: { S: customer }, total: { N: '1' } } } })

describe('describeDynamoDb', () => {
  it('names action, table, keys and attributes of a GetItem', () => {
    const described = ask('GetItem', {
      TableName: 'Orders',
      Key: key,
      ProjectionExpression: '#t, lines[0].sku',
      ExpressionAttributeNames: { '#t': 'total' },
    })
    expect(described).toMatchObject({
      ok: true,
      operation: 'GetItem',
      readOnly: true,
      asks: [
        {
          action: 'dynamodb:GetItem',
          resource: orders.arn,
          context: {
            'dynamodb:LeadingKeys': ['alice'],
            'dynamodb:Attributes': ['customer', 'id', 'total', 'lines'],
            'dynamodb:Select': 'SPECIFIC_ATTRIBUTES',
          },
        },
      ],
    })
  })

  it('says that a read without a projection reads all attributes', () => {
    expect(contexts(ask('GetItem', { TableName: 'Orders', Key: key }))).toMatchObject([
      { 'dynamodb:Select': 'ALL_ATTRIBUTES' },
    ])
  })

  it('names every attribute that an UpdateItem writes, reads or tests', () => {
    const described = ask('UpdateItem', {
      TableName: 'Orders',
      Key: key,
      UpdateExpression: 'SET #s = :s, note = if_not_exists(draft, :n) REMOVE hint[1] ADD counter :one DELETE tags :t',
      ConditionExpression: '(attribute_exists(customer) AND NOT #s IN (:a, :b)) OR size(lines) >= :n',
      ExpressionAttributeNames: { '#s': 'status' },
      ExpressionAttributeValues: { ':s': { S: 'paid' } },
      ReturnValues: 'ALL_NEW',
    })
    expect(contexts(described)).toEqual([
      {
        'dynamodb:LeadingKeys': ['alice'],
        'dynamodb:Attributes': ['customer', 'id', 'status', 'note', 'draft', 'hint', 'counter', 'tags', 'lines'],
        'dynamodb:ReturnValues': 'ALL_NEW',
      },
    ])
  })

  it('names the attributes of the interface before expressions', () => {
    const described = ask('UpdateItem', {
      TableName: 'Orders',
      Key: key,
      AttributeUpdates: { total: { Value: { N: '0' } } },
      Expected: { status: { Exists: false } },
    })
    expect(contexts(described)).toMatchObject([{ 'dynamodb:Attributes': ['customer', 'id', 'total', 'status'] }])
    const read = ask('GetItem', { TableName: 'Orders', Key: key, AttributesToGet: ['total'] })
    expect(contexts(read)).toMatchObject([{ 'dynamodb:Attributes': ['customer', 'id', 'total'] }])
  })

  it('counts the old item shown by a failed condition as a returned value', () => {
    for (const order of [
      ['ReturnValuesOnConditionCheckFailure', 'ReturnValues'],
      ['ReturnValues', 'ReturnValuesOnConditionCheckFailure'],
    ]) {
      const values: Record<string, string> = { ReturnValues: 'NONE', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }
      const input = Object.fromEntries(order.map((name) => [name, values[name]]))
      expect(contexts(ask('DeleteItem', { TableName: 'Orders', Key: key, ...input }))).toMatchObject([
        { 'dynamodb:ReturnValues': 'ALL_OLD' },
      ])
    }
  })

  it('binds a Query to the partition key that its condition pins', () => {
    for (const condition of [
      'customer = :c',
      ':c = customer',
      '#k = :c AND begins_with(id, :d)',
      '(customer = :c) AND id > :d',
    ]) {
      expect(contexts(query(condition, { '#k': 'customer' }))).toMatchObject([{ 'dynamodb:LeadingKeys': ['alice'] }])
    }
  })

  it('binds a Query to nothing when the condition would also hold for other keys', () => {
    for (const condition of [
      'customer = :c OR id = :d',
      'NOT customer = :c',
      'customer > :c',
      'id = :c',
      '(customer = :c OR customer = :d) AND id = :c',
    ]) {
      const described = query(condition)
      expect(code(described)).toBe('ok')
      expect(contexts(described)).not.toHaveProperty('0.dynamodb:LeadingKeys')
    }
  })

  it('asks for the index, and vouches for no leading key of it', () => {
    const described = ask('Query', {
      TableName: 'Orders',
      IndexName: 'by-status',
      KeyConditionExpression: 'customer = :c',
      ExpressionAttributeValues: { ':c': { S: 'alice' } },
    })
    expect(described).toMatchObject({ asks: [{ resource: `${orders.arn}/index/by-status` }] })
    expect(contexts(described)).not.toHaveProperty('0.dynamodb:LeadingKeys')
  })

  it('vouches for a leading key of an index that is keyed by the same column, and of no other', () => {
    const indexes = [
      { name: 'by-date', partitionKey: 'customer' },
      { name: 'by-status', partitionKey: 'status' },
    ]
    const keysBy = (IndexName: string): unknown => {
      const input = {
        TableName: 'Orders',
        IndexName,
        KeyConditionExpression: 'customer = :c',
        ExpressionAttributeValues: { ':c': { S: 'alice' } },
      }
      const body = new TextEncoder().encode(JSON.stringify(input))
      const described = describeDynamoDb({ target: 'DynamoDB_20120810.Query', body }, [{ ...orders, indexes }])
      return described.ok ? described.asks[0].context['dynamodb:LeadingKeys'] : code(described)
    }
    expect(['by-date', 'by-status', 'by-nobody'].map(keysBy)).toEqual([['alice'], undefined, undefined])
  })

  it('asks once per table of a batch, with the keys of every entry', () => {
    const described = ask('BatchWriteItem', {
      RequestItems: {
        Orders: [write('alice'), { DeleteRequest: { Key: { customer: { S: 'bob' } } } }],
        [audit.arn]: [write('eve')],
      },
    })
    expect(actions(described)).toEqual(['dynamodb:BatchWriteItem', 'dynamodb:BatchWriteItem'])
    expect(contexts(described)).toMatchObject([
      { 'dynamodb:LeadingKeys': ['alice', 'bob'] },
      { 'dynamodb:LeadingKeys': ['eve'] },
    ])
    expect(described.ok && new TextDecoder().decode(described.canonicalBody)).toContain('"Audit":')
    const read = ask('BatchGetItem', {
      RequestItems: { Orders: { Keys: [key, { customer: { S: 'bob' } }], ProjectionExpression: 'total' } },
    })
    expect(contexts(read)).toEqual([
      {
        'dynamodb:Attributes': ['customer', 'id', 'total'],
        'dynamodb:LeadingKeys': ['alice', 'bob'],
        'dynamodb:Select': 'SPECIFIC_ATTRIBUTES',
      },
    ])
  })

  it('binds a batch to no key when one entry has none', () => {
    const described = ask('BatchGetItem', { RequestItems: { Orders: { Keys: [key, { id: { S: 'o1' } }] } } })
    expect(contexts(described)).not.toHaveProperty('0.dynamodb:LeadingKeys')
  })

  it('asks for each entry of a transaction under its own action', () => {
    const described = ask('TransactWriteItems', {
      TransactItems: [
        { Put: { TableName: 'Orders', Item: key } },
        { ConditionCheck: { TableName: 'Audit', Key: key, ConditionExpression: 'attribute_exists(total)' } },
      ],
    })
    expect(actions(described)).toEqual(['dynamodb:PutItem', 'dynamodb:ConditionCheckItem'])
    expect(contexts(described)).toMatchObject([{ 'dynamodb:EnclosingOperation': 'TransactWriteItems' }, {}])
  })

  it('takes the table by its ARN, and forwards its name', () => {
    const described = ask('GetItem', { TableName: orders.arn, Key: key })
    expect(described).toMatchObject({ ok: true, asks: [{ resource: orders.arn }] })
    expect(described.ok && JSON.parse(new TextDecoder().decode(described.canonicalBody))).toEqual({
      TableName: 'Orders',
      Key: key,
    })
  })
})
