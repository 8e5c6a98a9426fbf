import type { Attack } from '../attack.ts'
import type { Instruction } from '../hostile-app/src/instruction.ts'
import { attemptInside, controlInside } from '../verdicts.ts'
import type { World } from '../world/world.ts'

const refused = ['AccessDeniedException']
const order = (customer: string): object => ({ customer: { S: customer }, id: { S: 'o1' } })
const get = (customer: string): Instruction => ({
  do: 'dynamodb',
  operation: 'GetItem',
  input: { TableName: 'Orders', Key: order(customer) },
})
const put = (customer: string): Instruction => ({
  do: 'dynamodb',
  operation: 'PutItem',
  input: { TableName: 'Orders', Item: { ...order(customer), status: { S: 'pending' } } },
})
const update = (column: string): Instruction => ({
  do: 'dynamodb',
  operation: 'UpdateItem',
  input: {
    TableName: 'Orders',
    Key: order('alice'),
    UpdateExpression: 'SET #c = :v',
    ExpressionAttributeNames: { '#c': column },
    ExpressionAttributeValues: { ':v': { S: 'x' } },
  },
})

const ownOrder = {
  controls: 'alice’s own order, by the same code',
  control: async (world: World) => controlInside(await world.inside('orders', get('alice'))),
}

const inside =
  (functionName: 'orders' | 'payments', instruction: Instruction): Attack['run'] =>
  async (world) =>
    attemptInside(await world.inside(functionName, instruction))

/** Rows, columns and actions that were not granted. All of it runs for alice. */
export const dataAttacks: readonly Attack[] = [
  {
    name: 'data.other-customer',
    tries: 'orders reads bob’s order while it serves alice',
    stoppedBy: 'policy',
    expected: refused,
    run: inside('orders', get('bob')),
    ...ownOrder,
  },
  {
    name: 'data.write-other-customer',
    tries: 'orders writes a row for bob while it serves alice',
    stoppedBy: 'policy',
    expected: refused,
    run: inside('orders', put('bob')),
    controls: 'a row for alice',
    control: async (world) => controlInside(await world.inside('orders', put('alice'))),
  },
  {
    name: 'data.batch',
    tries: 'a batch of alice’s own order with bob’s beside it',
    stoppedBy: 'policy',
    expected: refused,
    run: inside('orders', {
      do: 'dynamodb',
      operation: 'BatchGetItem',
      input: { RequestItems: { Orders: { Keys: [order('alice'), order('bob')] } } },
    }),
    ...ownOrder,
  },
  {
    name: 'data.scan',
    tries: 'orders scans the table, an IAM action that it was not given',
    stoppedBy: 'policy',
    expected: refused,
    run: inside('orders', { do: 'dynamodb', operation: 'Scan', input: { TableName: 'Orders' } }),
    ...ownOrder,
  },
  {
    name: 'data.delete',
    tries: 'orders deletes alice’s order, an IAM action that it was not given',
    stoppedBy: 'policy',
    expected: refused,
    run: inside('orders', {
      do: 'dynamodb',
      operation: 'DeleteItem',
      input: { TableName: 'Orders', Key: order('alice') },
    }),
    ...ownOrder,
  },
  {
    name: 'data.unknown-operation',
    tries: 'an operation that the door cannot read: PartiQL',
    stoppedBy: 'door',
    expected: ['UnknownOperationException', ...refused],
    run: inside('orders', {
      do: 'dynamodb',
      operation: 'ExecuteStatement',
      input: { Statement: 'SELECT * FROM Orders' },
    }),
    ...ownOrder,
  },
  {
    name: 'data.other-table',
    tries: 'a table that the manifest does not name',
    stoppedBy: 'door',
    expected: ['ResourceNotFoundException', ...refused],
    run: inside('orders', {
      do: 'dynamodb',
      operation: 'GetItem',
      input: { TableName: 'Salaries', Key: { id: { S: '1' } } },
    }),
    ...ownOrder,
  },
  {
    name: 'data.other-column',
    tries: 'payments writes the order’s amount, which is none of its columns',
    stoppedBy: 'policy',
    expected: refused,
    run: inside('payments', update('amountMinor')),
    controls: 'payments writes the status, which is',
    control: async (world) => controlInside(await world.inside('payments', update('status'))),
  },
  {
    name: 'data.forged-signature',
    tries: 'the same call, signed with a key of the attacker',
    stoppedBy: 'door',
    expected: ['SignatureDoesNotMatch', 'InvalidSignatureException'],
    run: inside('orders', {
      do: 'dynamodb',
      operation: 'GetItem',
      input: { TableName: 'Orders', Key: order('alice') },
      forged: true,
    }),
    ...ownOrder,
  },
]
