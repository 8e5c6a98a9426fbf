import { formatPrice } from 'checkout-price-format'

import { call } from './api-gateway.ts'

interface Checkout {
  readonly items: readonly { readonly sku: string; readonly quantity: number }[]
  readonly currency: string
  readonly paymentMethod: string
}

/** What we sell, in hundredths of the currency. Prices never come from the customer. */
const catalogue: ReadonlyMap<string, number> = new Map([
  ['assam-250g', 1450],
  ['teapot-cast-iron', 8900],
  ['cup-set-of-two', 3200],
])

/** The shop's public face: it takes orders and hands them on. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const [, , id = '', verb] = pathname.split('/')
    if (pathname === '/checkout') return checkout(await bodyOf<Checkout>(request))
    if (verb === 'refund') {
      const { customer } = await bodyOf<{ customer: string }>(request)
      return handOn(await call('orders', 'refund', { id: decodeURIComponent(id), customer }))
    }
    const customer = searchParams.get('customer') ?? undefined // absent: the signed-in customer's own order
    return handOn(await call('orders', 'get', { id: decodeURIComponent(id), customer }))
  },
}

async function checkout({ items, currency, paymentMethod }: Checkout): Promise<Response> {
  const lines = items.map(({ sku, quantity }) => ({ sku, quantity, priceMinor: catalogue.get(sku) ?? 0 }))
  const unknown = lines.find((line) => line.priceMinor === 0)
  if (unknown !== undefined)
    return Response.json({ code: 'checkout.unknown_item', reason: unknown.sku }, { status: 422 })
  const amountMinor = lines.reduce((sum, line) => sum + line.quantity * line.priceMinor, 0)
  const total = formatPrice(amountMinor, currency)
  const created = await call('orders', 'create', { lines, amountMinor, currency, paymentMethod })
  if (!created.ok) return handOn(created)
  const order: unknown = await created.json()
  return Response.json({ ...(order as object), total }, { status: 201 })
}

async function bodyOf<Body>(request: Request): Promise<Body> {
  return (await request.json()) as Body // parse boundary: the gateway checked it against the route's schema
}

function handOn(answer: Response): Response {
  const type = answer.headers.get('content-type') ?? 'application/json'
  return new Response(answer.body, { status: answer.status, headers: { 'content-type': type } })
}
