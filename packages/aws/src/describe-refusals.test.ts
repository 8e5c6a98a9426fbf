import fc from 'fast-check'
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
const code = (described: Described): string => (described.ok ? 'ok' : described.awsError.code)

describe('describeDynamoDb', () => {
  const refused: readonly [string, string, string, string][] = [
    [
      'an operation that is not known',
      'ExecuteStatement',
      '{"Statement":"SELECT * FROM Orders"}',
      'aws.unknown_operation',
    ],
    ['a name from the prototype as operation', 'constructor', '{}', 'aws.unknown_operation'],
    [
      'a duplicate key',
      'GetItem',
      '{"TableName":"Audit","TableName":"Orders","Key":{"customer":{"S":"alice"}}}',
      'aws.malformed',
    ],
    [
      'an escaped duplicate key',
      'GetItem',
      '{"\\u0054ableName":"Audit","TableName":"Orders","Key":{"customer":{"S":"alice"}}}',
      'aws.malformed',
    ],
    [
      'a duplicate key deep inside',
      'GetItem',
      '{"TableName":"Orders","Key":{"customer":{"S":"alice","S":"bob"}}}',
      'aws.malformed',
    ],
    [
      'two types in one value',
      'GetItem',
      '{"TableName":"Orders","Key":{"customer":{"S":"alice","N":"1"}}}',
      'aws.malformed',
    ],
    [
      'an unknown member',
      'GetItem',
      '{"TableName":"Orders","Key":{"customer":{"S":"alice"}},"Sneaky":true}',
      'aws.malformed',
    ],
    [
      'a member of another operation',
      'GetItem',
      '{"TableName":"Orders","Key":{"customer":{"S":"alice"}},"ReturnValues":"ALL_OLD"}',
      'aws.malformed',
    ],
    [
      'an unread expression',
      'GetItem',
      '{"TableName":"Orders","Key":{"customer":{"S":"alice"}},"ProjectionExpression":"a; b"}',
      'aws.malformed',
    ],
    [
      'an undefined #name',
      'GetItem',
      '{"TableName":"Orders","Key":{"customer":{"S":"alice"}},"ProjectionExpression":"#x"}',
      'aws.malformed',
    ],
    [
      'a #name from the prototype',
      'GetItem',
      '{"TableName":"Orders","Key":{"customer":{"S":"a"}},"ProjectionExpression":"#constructor"}',
      'aws.malformed',
    ],
    ['an undeclared table', 'GetItem', '{"TableName":"Secrets","Key":{"customer":{"S":"alice"}}}', 'aws.unknown_table'],
    [
      'a table of another account',
      'GetItem',
      '{"TableName":"arn:aws:dynamodb:eu-central-1:999999999999:table/Orders","Key":{}}',
      'aws.unknown_table',
    ],
    [
      'a table of another region',
      'GetItem',
      '{"TableName":"arn:aws:dynamodb:us-east-1:000000000000:table/Orders","Key":{}}',
      'aws.unknown_table',
    ],
    ['no table', 'GetItem', '{}', 'aws.unknown_table'],
    ['an array', 'GetItem', '[]', 'aws.malformed'],
    ['an empty batch', 'BatchGetItem', '{"RequestItems":{}}', 'aws.malformed'],
    [
      'one table by name and by ARN in one batch',
      'BatchGetItem',
      `{"RequestItems":{"Orders":{"Keys":[{}]},"${orders.arn}":{"Keys":[{}]}}}`,
      'aws.malformed',
    ],
    [
      'a write in a reading transaction',
      'TransactGetItems',
      '{"TransactItems":[{"Put":{"TableName":"Orders","Item":{}}}]}',
      'aws.malformed',
    ],
    [
      'two operations in one entry',
      'TransactWriteItems',
      '{"TransactItems":[{"Put":{"TableName":"Orders","Item":{}},"Delete":{}}]}',
      'aws.malformed',
    ],
    [
      'a column hidden behind a second SET',
      'UpdateItem',
      '{"TableName":"Orders","Key":{},"UpdateExpression":"SET a = :a SET b = :b"}',
      'aws.malformed',
    ],
  ]
  for (const [what, operation, body, expected] of refused) {
    it(`refuses ${what}`, () => {
      expect(code(raw('GetItem', '{"TableName":"Orders","Key":{"customer":{"S":"alice"}}}'))).toBe('ok')
      expect(code(raw(operation, body))).toBe(expected)
    })
  }

  it('refuses another service or version in the target', () => {
    const body = new TextEncoder().encode(JSON.stringify({ TableName: 'Orders', Key: key }))
    for (const target of [
      'DynamoDBStreams_20120810.GetItem',
      'DynamoDB_20111205.GetItem',
      'GetItem',
      'DynamoDB_20120810.GetItem.x',
      'x.DynamoDB_20120810.GetItem',
    ]) {
      expect(code(describeDynamoDb({ target, body }, tables))).toBe('aws.unknown_operation')
    }
  })

  it('never throws, whatever the body', () => {
    const operations = ['GetItem', 'Query', 'BatchGetItem', 'BatchWriteItem', 'TransactWriteItems']
    const known = fc.constantFrom('Keys', 'Put', 'Key', 'PutRequest', 'Item', 'TableName', 'customer', 'S')
    const shaped = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, 0, '', 'Orders'),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(known, tie('value'), { maxKeys: 2 }),
      ),
    })).value
    fc.assert(
      fc.property(fc.constantFrom(...operations), shaped, fc.string(), (operation, value, text) => {
        for (const body of [
          JSON.stringify({ RequestItems: { Orders: value } }),
          JSON.stringify({ TransactItems: value }),
          JSON.stringify({ TableName: 'Orders', Key: value }),
          JSON.stringify(value),
          text,
        ]) {
          expect(['ok', 'aws.malformed', 'aws.unknown_table']).toContain(code(raw(operation, body)))
        }
      }),
      { numRuns: 200 },
    )
  })
})
