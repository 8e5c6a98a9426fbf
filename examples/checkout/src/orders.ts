import { randomUUID } from 'node:crypto'

import { type AttributeValue, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'

import { bodyOf, call, type Event, passOn, refusalOf, type Reply, reply, signedInUser } from './api-gateway.ts'

const table = new DynamoDBClient({}) // no key, no region, no endpoint: the box knows where its table is

interface NewOrder {
  readonly lines: readonly { readonly sku: string; readonly quantity: number; readonly priceMinor: number }[]
  readonly amountMinor: number
  readonly currency: string
  readonly paymentMethod: string
}

/** Keeps orders: a customer's rows are that customer's, whatever this code says. */
export const handler = async (event: Event): Promise<Reply> => {
  const customer = signedInUser(event)
  if (customer === undefined) return reply(401, { code: 'order.nobody', reason: 'An order needs a customer.' })
  try {
    switch (event.routeKey) {
      case 'POST /create':
        return await create(customer, bodyOf<NewOrder>(event))
      case 'POST /get': {
        const { id, customer: owner = customer } = bodyOf<{ id: string; customer: string }>(event)
        const row = await find(owner, id ?? '')
        return row === undefined ? notFound : reply(200, readable(row))
      }
      case 'POST /refund': {
        const { id, customer: owner = customer } = bodyOf<{ id: string; customer: string }>(event)
        return await refund(owner, id ?? '')
      }
      default:
        return reply(404, { code: 'order.unknown_operation', reason: `There is no ${event.routeKey}.` })
    }
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === undefined) throw error
    return refusal
  }
}

const notFound: Reply = reply(404, { code: 'order.not_found', reason: 'There is no such order.' })

async function create(customer: string, order: Partial<NewOrder>): Promise<Reply> {
  const { lines = [], amountMinor = 0, currency = '', paymentMethod = '' } = order
  const id = randomUUID()
  await table.send(
    new PutItemCommand({
      TableName: 'Orders',
      Item: {
        customer: { S: customer },
        id: { S: id },
        status: { S: 'pending' },
        amountMinor: { N: `${amountMinor}` },
        currency: { S: currency },
        lines: { S: JSON.stringify(lines) },
      },
    }),
  )
  const charged = await call('payments', 'charge', { customer, id, amountMinor, currency, paymentMethod })
  if (!charged.ok) return passOn(charged)
  const receipt = await call('notifications', 'receipt', { id, amountMinor, currency })
  // The card is charged by now, so a lost receipt must not look like a lost order.
  return reply(201, { id, status: 'paid', amountMinor, currency, receipt: receipt.ok ? 'sent' : 'not sent' })
}

async function refund(customer: string, id: string): Promise<Reply> {
  const row = await find(customer, id)
  if (row === undefined) return notFound
  const paymentId = row['paymentId']?.S
  if (paymentId === undefined) return reply(409, { code: 'order.not_paid', reason: 'Nothing was paid for it.' })
  const refunded = await call('payments', 'refund', { customer, id, paymentId })
  return refunded.ok ? reply(200, { id, customer, status: 'refunded' }) : passOn(refunded)
}

async function find(customer: string, id: string): Promise<Record<string, AttributeValue> | undefined> {
  const found = await table.send(
    new GetItemCommand({ TableName: 'Orders', Key: { customer: { S: customer }, id: { S: id } } }),
  )
  return found.Item
}

function readable(row: Record<string, AttributeValue>): Record<string, unknown> {
  return {
    customer: row['customer']?.S,
    id: row['id']?.S,
    status: row['status']?.S,
    amountMinor: Number(row['amountMinor']?.N),
    currency: row['currency']?.S,
    lines: JSON.parse(row['lines']?.S ?? '[]'),
    paymentId: row['paymentId']?.S,
  }
}
