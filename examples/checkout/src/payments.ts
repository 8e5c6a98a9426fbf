import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import Stripe from 'stripe'

import { bodyOf, type Event, refusalOf, type Reply, reply } from './api-gateway.ts'

const stripe = new Stripe('no-key-here') // the real key is added at the door, where this code cannot see it
const table = new DynamoDBClient({})

interface Charge {
  readonly customer: string
  readonly id: string
  readonly amountMinor: number
  readonly currency: string
  readonly paymentMethod: string
}

interface Refund {
  readonly customer: string
  readonly id: string
  readonly paymentId: string
}

/** Charges and refunds cards, and writes two columns of the order's row. It has no internet and no key. */
export const handler = async (event: Event): Promise<Reply> => {
  try {
    switch (event.routeKey) {
      case 'POST /charge':
        return await charge(bodyOf<Charge>(event))
      case 'POST /refund':
        return await refund(bodyOf<Refund>(event))
      default:
        return reply(404, { code: 'payment.unknown_operation', reason: `There is no ${event.routeKey}.` })
    }
  } catch (error) {
    const refusal = error instanceof Stripe.errors.StripeError ? paymentRefusal(error) : refusalOf(error)
    if (refusal === undefined) throw error
    return refusal
  }
}

async function charge(order: Partial<Charge>): Promise<Reply> {
  const { customer = '', id = '', amountMinor = 0, currency = '', paymentMethod = '' } = order
  const intent = await stripe.paymentIntents.create(
    {
      amount: amountMinor,
      currency,
      payment_method: paymentMethod,
      confirm: true,
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      metadata: { order: id },
    },
    { idempotencyKey: `charge-${id}` },
  )
  if (intent.lastResponse.statusCode !== 200) return reply(intent.lastResponse.statusCode, intent) // a door's refusal
  if (intent.status !== 'succeeded') return reply(402, { code: 'payment.incomplete', reason: intent.status })
  await setStatus(customer, id, 'paid', intent.id)
  return reply(200, { paymentId: intent.id, status: 'paid' })
}

async function refund(order: Partial<Refund>): Promise<Reply> {
  const { customer = '', id = '', paymentId = '' } = order
  const refunded = await stripe.refunds.create({ payment_intent: paymentId }, { idempotencyKey: `refund-${id}` })
  if (refunded.lastResponse.statusCode !== 200) return reply(refunded.lastResponse.statusCode, refunded)
  await setStatus(customer, id, 'refunded', paymentId)
  return reply(200, { refundId: refunded.id, status: 'refunded' })
}

async function setStatus(customer: string, id: string, status: string, paymentId: string): Promise<void> {
  await table.send(
    new UpdateItemCommand({
      TableName: 'Orders',
      Key: { customer: { S: customer }, id: { S: id } },
      UpdateExpression: 'SET #status = :status, paymentId = :paymentId',
      ConditionExpression: 'attribute_exists(id)',
      ExpressionAttributeNames: { '#status': 'status' }, // a reserved word of DynamoDB
      ExpressionAttributeValues: { ':status': { S: status }, ':paymentId': { S: paymentId } },
    }),
  )
}

function paymentRefusal(error: InstanceType<typeof Stripe.errors.StripeError>): Reply {
  return reply(error.statusCode ?? 502, { code: error.code ?? 'payment.failed', reason: error.message })
}
