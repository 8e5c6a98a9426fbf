import type { Played, Stage } from './stage.ts'

/** One step of the story: who does what, and what must come of it. */
export interface Step {
  readonly who: string
  readonly does: string
  readonly expect: 'allow' | 'deny'
  /** On a denial: the code of the deciding reason in the ledger. */
  readonly code?: string
  /** On an allowance: calls that it must have led to, each allowed and done, as `who action resource`. */
  readonly leadsTo?: readonly string[]
  /** The HTTP status that the caller must have seen; absent where a command did it. */
  readonly status?: number
  readonly play: (stage: Stage) => Promise<Played>
}

const tea = { items: [{ sku: 'assam-250g', quantity: 2 }], currency: 'chf', paymentMethod: 'pm_card_visa' }
const strong = { mfa: true, device: true }
const alices = (stage: Stage): string => `/orders/${stage.orderId}`
const support = (stage: Stage): string => `${alices(stage)}?customer=alice`
const refundOfAlice = { body: { customer: 'alice' } }

/** The whole story, in order. What each step must come to stands here and nowhere else. */
export const steps: readonly Step[] = [
  {
    who: 'ada',
    does: 'puts the payment key into the vault',
    expect: 'allow',
    play: (stage) => stage.setSecret('stripe-key', 'ada'),
  },
  {
    who: 'grace',
    does: 'puts the mail token into the vault',
    expect: 'allow',
    play: (stage) => stage.setSecret('mail-token', 'grace'),
  },
  {
    who: 'somebody',
    does: 'reads an order without a token',
    expect: 'deny',
    code: 'token.missing',
    status: 401,
    play: (stage) => stage.request(undefined, '/orders/o1'),
  },
  {
    who: 'alice',
    does: 'checks out',
    expect: 'allow',
    status: 201,
    leadsTo: [
      'storefront InvokeFunction orders/create',
      'orders dynamodb:PutItem table/Orders',
      'orders InvokeFunction payments/charge',
      'payments UseDoor stripe/charge',
      'payments dynamodb:UpdateItem table/Orders',
      'orders InvokeFunction notifications/receipt',
      'notifications UseDoor email/send',
    ],
    play: async (stage) => {
      const played = await stage.request({ user: 'alice' }, '/checkout', { body: tea })
      stage.keepOrder(played.text)
      return played
    },
  },
  {
    who: 'alice',
    does: 'reads her order',
    expect: 'allow',
    status: 200,
    leadsTo: ['orders dynamodb:GetItem table/Orders'],
    play: (stage) => stage.request({ user: 'alice' }, alices(stage)),
  },
  {
    who: 'bob',
    does: 'reads alice’s order',
    expect: 'deny',
    code: 'table.not_own_row',
    status: 403,
    play: (stage) => stage.request({ user: 'bob' }, support(stage)),
  },
  {
    who: 'alice',
    does: 'names a price of her own',
    expect: 'deny',
    code: 'request.schema',
    status: 400,
    play: (stage) => stage.request({ user: 'alice' }, '/checkout', { body: { ...tea, amountMinor: 1 } }),
  },
  {
    who: 'alice',
    does: 'checks out from an undeclared country',
    expect: 'deny',
    code: 'route.country',
    status: 403,
    play: (stage) => stage.request({ user: 'alice' }, '/checkout', { body: tea, from: '127.0.66.6' }),
  },
  {
    who: 'sam',
    does: 'reads alice’s order for support, without a second factor',
    expect: 'deny',
    code: 'route.mfa_required',
    status: 401,
    play: (stage) => stage.request({ user: 'sam', mfa: false, device: true }, support(stage)),
  },
  {
    who: 'sam',
    does: 'the same on a device that nobody enrolled',
    expect: 'deny',
    code: 'route.device_unmanaged',
    status: 403,
    play: (stage) => stage.request({ user: 'sam', mfa: true, device: false }, support(stage)),
  },
  {
    who: 'sam',
    does: 'the same, with both as the refusal asks',
    expect: 'allow',
    status: 200,
    leadsTo: ['orders dynamodb:GetItem table/Orders'],
    play: (stage) => stage.request({ user: 'sam', device: true, stepsUp: true }, support(stage)),
  },
  {
    who: 'ada',
    does: 'refunds the order',
    expect: 'deny',
    code: 'route.elevation_required',
    status: 403,
    play: (stage) => stage.request({ user: 'ada', ...strong }, `${alices(stage)}/refund`, refundOfAlice),
  },
  {
    who: 'ada',
    does: 'asks to be elevated',
    expect: 'allow',
    play: (stage) => stage.askForElevation('ada', 'admin', 'alice sent the tea back'),
  },
  {
    who: 'ada',
    does: 'approves herself',
    expect: 'deny',
    code: 'administration.self_approval',
    play: (stage) => stage.approve('ada'),
  },
  {
    who: 'grace',
    does: 'approves ada',
    expect: 'allow',
    play: (stage) => stage.approve('grace'),
  },
  {
    who: 'ada',
    does: 'refunds the order',
    expect: 'allow',
    status: 200,
    leadsTo: [
      'storefront InvokeFunction orders/refund',
      'orders dynamodb:GetItem table/Orders',
      'orders InvokeFunction payments/refund',
      'payments UseDoor stripe/refund',
      'payments dynamodb:UpdateItem table/Orders',
    ],
    play: (stage) => stage.request({ user: 'ada', ...strong }, `${alices(stage)}/refund`, refundOfAlice),
  },
]
