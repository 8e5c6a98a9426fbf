import { bodyOf, type Event, passOn, type Reply, reply, signedInUser } from './api-gateway.ts'

/** Sends a customer the receipt of an order. The mail service's token is added at the door. */
export const handler = async (event: Event): Promise<Reply> => {
  const customer = signedInUser(event)
  if (event.routeKey !== 'POST /receipt' || customer === undefined) {
    return reply(404, { code: 'notification.unknown_operation', reason: `There is no ${event.routeKey}.` })
  }
  const {
    id = '',
    amountMinor = 0,
    currency = '',
  } = bodyOf<{ id: string; amountMinor: number; currency: string }>(event)
  const sent = await fetch('https://api.postmarkapp.com/email', {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({
      From: 'orders@checkout.example',
      To: `${customer}@customers.example`,
      Subject: `Your order ${id}`,
      TextBody: `Thank you. We charged ${(amountMinor / 100).toFixed(2)} ${currency.toUpperCase()}.`,
    }),
  })
  return sent.ok ? reply(200, { status: 'sent' }) : passOn(sent)
}
