import { randomBytes, timingSafeEqual } from 'node:crypto'

import { listen, type SeenCall, type StandIn, type StandInAnswer } from './listen.ts'

/**
 * A STAND-IN for Stripe, for this example alone: it moves no money. It speaks the two endpoints that the checkout uses,
 * in Stripe's shapes, and refuses every call without the exact key that it was started with.
 */
export function startPaymentApi(key: string, preferredPort: number): Promise<StandIn> {
  return listen(preferredPort, paymentApi(key))
}

type Answer = (call: Omit<SeenCall, 'status'>) => StandInAnswer

interface Intent {
  readonly id: string
  readonly amount: number
  readonly currency: string
  readonly refunded: boolean
}

/** The stand-in's answers, without a socket. */
export function paymentApi(key: string): Answer {
  const intents = new Map<string, Intent>()
  const answered = new Map<string, { readonly asked: string; readonly answer: StandInAnswer }>()
  return (call) => {
    if (!same(call.headers['authorization'] ?? '', `Bearer ${key}`)) {
      return failure(401, 'invalid_request_error', 'invalid_api_key', 'Invalid API Key provided.')
    }
    const idempotencyKey = call.headers['idempotency-key']
    const earlier = idempotencyKey === undefined ? undefined : answered.get(idempotencyKey)
    const asked = `${call.method} ${call.path}\n${call.body}`
    if (earlier !== undefined) {
      if (earlier.asked === asked) return earlier.answer
      return failure(400, 'idempotency_error', 'idempotency_key_in_use', 'This key was used with other parameters.')
    }
    const answer = route(call, intents)
    if (idempotencyKey !== undefined) answered.set(idempotencyKey, { asked, answer })
    return answer
  }
}

function route(call: Omit<SeenCall, 'status'>, intents: Map<string, Intent>): StandInAnswer {
  const form = new URLSearchParams(call.body)
  switch (`${call.method} ${call.path}`) {
    case 'POST /v1/payment_intents':
      return createIntent(form, intents)
    case 'POST /v1/refunds':
      return createRefund(form, intents)
    default:
      return failure(
        404,
        'invalid_request_error',
        'url_invalid',
        `Unrecognized request URL (${call.method} ${call.path}).`,
      )
  }
}

function createIntent(form: URLSearchParams, intents: Map<string, Intent>): StandInAnswer {
  const amount = Number(form.get('amount'))
  const currency = form.get('currency') ?? ''
  if (!Number.isInteger(amount) || amount <= 0) {
    return failure(400, 'invalid_request_error', 'parameter_invalid_integer', 'Invalid positive integer: amount')
  }
  if (form.get('payment_method') === 'pm_card_chargeDeclined') {
    return failure(402, 'card_error', 'card_declined', 'Your card was declined.')
  }
  const intent: Intent = { id: `pi_${randomBytes(12).toString('hex')}`, amount, currency, refunded: false }
  intents.set(intent.id, intent)
  const status = form.get('confirm') === 'true' ? 'succeeded' : 'requires_confirmation'
  const metadata = { order: form.get('metadata[order]') ?? undefined }
  return {
    status: 200,
    body: { id: intent.id, object: 'payment_intent', amount, currency, status, metadata, livemode: false },
  }
}

function createRefund(form: URLSearchParams, intents: Map<string, Intent>): StandInAnswer {
  const id = form.get('payment_intent') ?? ''
  const intent = intents.get(id)
  if (intent === undefined) {
    return failure(404, 'invalid_request_error', 'resource_missing', `No such payment_intent: '${id}'`)
  }
  if (intent.refunded) {
    return failure(400, 'invalid_request_error', 'charge_already_refunded', 'The charge has already been refunded.')
  }
  intents.set(id, { ...intent, refunded: true })
  const { amount, currency } = intent
  const refund = { id: `re_${randomBytes(12).toString('hex')}`, object: 'refund', amount, currency, payment_intent: id }
  return { status: 200, body: { ...refund, status: 'succeeded' } }
}

function failure(status: number, type: string, code: string, message: string): StandInAnswer {
  return { status, body: { error: { type, code, message } } }
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
