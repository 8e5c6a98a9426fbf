import Stripe from 'stripe'
import { afterEach, expect, test } from 'vitest'

import type { StandIn } from './listen.ts'
import { startPaymentApi } from './payment-api.ts'

let standIn: StandIn | undefined
afterEach(() => standIn?.close())

async function client(key: string): Promise<Stripe> {
  standIn = await startPaymentApi('sk_test_fake_1', 0)
  const { hostname, port } = new URL(standIn.url)
  return new Stripe(key, { host: hostname, port: Number(port), protocol: 'http', maxNetworkRetries: 0 })
}

test('charges and refunds through the official SDK, once per idempotency key', async () => {
  const stripe = await client('sk_test_fake_1')
  const charge = { amount: 1450, currency: 'chf', payment_method: 'pm_card_visa', confirm: true }
  const intent = await stripe.paymentIntents.create(charge, { idempotencyKey: 'k1' })
  expect(intent).toMatchObject({ object: 'payment_intent', status: 'succeeded', amount: 1450 })
  expect((await stripe.paymentIntents.create(charge, { idempotencyKey: 'k1' })).id).toBe(intent.id)
  const refund = await stripe.refunds.create({ payment_intent: intent.id })
  expect(refund).toMatchObject({ object: 'refund', status: 'succeeded', amount: 1450 })
  await expect(stripe.refunds.create({ payment_intent: intent.id })).rejects.toMatchObject({
    code: 'charge_already_refunded',
  })
})

test('refuses an idempotency key that comes back with another amount', async () => {
  const stripe = await client('sk_test_fake_1')
  await stripe.paymentIntents.create({ amount: 1, currency: 'chf' }, { idempotencyKey: 'k1' })
  await expect(
    stripe.paymentIntents.create({ amount: 2, currency: 'chf' }, { idempotencyKey: 'k1' }),
  ).rejects.toMatchObject({ type: 'StripeIdempotencyError' })
})

test('refuses any key but its own, and says which call it saw', async () => {
  const stripe = await client('no-key-here')
  await expect(stripe.paymentIntents.create({ amount: 1, currency: 'chf' })).rejects.toMatchObject({ statusCode: 401 })
  expect(standIn?.seen.map(({ path, status }) => `${path} ${status}`)).toEqual(['/v1/payment_intents 401'])
})

test('declines the card that Stripe has for it', async () => {
  const stripe = await client('sk_test_fake_1')
  const charge = { amount: 1, currency: 'chf', payment_method: 'pm_card_chargeDeclined', confirm: true }
  await expect(stripe.paymentIntents.create(charge)).rejects.toMatchObject({ code: 'card_declined', statusCode: 402 })
})
