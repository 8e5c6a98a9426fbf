import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import {
  createServer,
  type IncomingMessage,
  request as plainRequest,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'

import type { StandIn } from '../stand-ins/listen.ts'
import { mailApi } from '../stand-ins/mail-api.ts'
import { startPaymentApi } from '../stand-ins/payment-api.ts'
import type { Event, Reply } from './api-gateway.ts'

type Row = Record<string, { S?: string; N?: string }>
const rows = new Map<string, Row>()
let denyUpdates = false
let database: Server
let payments: StandIn
const handlers: Record<string, (event: Event) => Promise<Reply>> = {}
let storefront: { fetch(request: Request): Promise<Response> }
let user = 'alice'
let folder = ''
const encryptedRequest = https.request

beforeAll(async () => {
  database = createServer(answerAsDynamoDb).listen(0, '127.0.0.1')
  await new Promise((resolve) => database.once('listening', resolve))
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(database.address() as AddressInfo).port}`)
  vi.stubEnv('AWS_REGION', 'eu-central-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'fake')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'fake')
  payments = await startPaymentApi('sk_test_fake_1', 0)
  Object.assign(https, { request: behindTheDoor })
  syncBuiltinESMExports()
  folder = await mkdtemp(join(tmpdir(), 'checkout-'))
  const honest = join(folder, 'honest-price-format.js')
  await writeFile(honest, 'export const formatPrice = (amountMinor) => String(amountMinor)')
  // Bundled as the host does it, with the poisoned dependency replaced by what it was before.
  await build({
    entryPoints: ['storefront', 'orders', 'payments', 'notifications'].map((name) =>
      join(import.meta.dirname, `${name}.ts`),
    ),
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    alias: { 'checkout-price-format': honest },
  })
  handlers['orders'] = ((await bundle('orders')) as typeof import('./orders.ts')).handler
  handlers['payments'] = ((await bundle('payments')) as typeof import('./payments.ts')).handler
  handlers['notifications'] = ((await bundle('notifications')) as typeof import('./notifications.ts')).handler
  storefront = ((await bundle('storefront')) as typeof import('./storefront.ts')).default
})

const bundle = (name: string): Promise<unknown> =>
  import(/* @vite-ignore */ pathToFileURL(join(folder, `${name}.mjs`)).href)

/** What the door does for api.stripe.com: it leads elsewhere, and the key is added on the way. */
function behindTheDoor(asked: RequestOptions): ReturnType<typeof plainRequest> {
  const headers = { ...(asked.headers as Record<string, string>), authorization: 'Bearer sk_test_fake_1' }
  const { port } = new URL(payments.url)
  return plainRequest({ method: asked.method, path: asked.path, headers, host: '127.0.0.1', port })
}

beforeEach(() => {
  user = 'alice'
  denyUpdates = false
  vi.stubGlobal('fetch', fetchInside)
})
afterEach(() => vi.unstubAllGlobals())
afterAll(async () => {
  vi.unstubAllEnvs()
  Object.assign(https, { request: encryptedRequest })
  syncBuiltinESMExports()
  await rm(folder, { recursive: true })
  await payments.close()
  await new Promise((resolve) => database.close(resolve))
})

/** What the doors do: function names lead to functions, the mail service to its stand-in, with the token added. */
async function fetchInside(address: string, { body = '' }: { readonly body?: string }): Promise<Response> {
  const { hostname, pathname } = new URL(address)
  if (hostname === 'api.postmarkapp.com') {
    const headers = { 'x-postmark-server-token': 'fake-1' }
    const answer = mailApi('fake-1')({ method: 'POST', path: pathname, headers, body })
    return Response.json(answer.body, { status: answer.status })
  }
  const authorizer = { jwt: { claims: { sub: user } } }
  const handler = handlers[hostname.replace('.fn.internal', '')]
  const reply = await handler?.({ routeKey: `POST ${pathname}`, body, requestContext: { authorizer } })
  return new Response(reply?.body ?? '', { status: reply?.statusCode ?? 404, headers: reply?.headers ?? {} })
}

const checkout = (items: unknown, paymentMethod = 'pm_card_visa'): Promise<Response> =>
  storefront.fetch(
    new Request('https://shop.example/checkout', {
      method: 'POST',
      body: JSON.stringify({ items, currency: 'chf', paymentMethod }),
    }),
  )

test('charges a checkout once, writes the row and sends a receipt', async () => {
  const answer = await checkout([{ sku: 'assam-250g', quantity: 2 }])
  expect(answer.status).toBe(201)
  const order = (await answer.json()) as { id: string }
  expect(order).toMatchObject({ status: 'paid', amountMinor: 2900, receipt: 'sent' })
  expect(rows.get(`alice/${order.id}`)).toMatchObject({ status: { S: 'paid' }, paymentId: { S: expect.any(String) } })
  const read = await storefront.fetch(new Request(`https://shop.example/orders/${order.id}`))
  expect(await read.json()).toMatchObject({ customer: 'alice', status: 'paid' })
})

test('refunds the order that it is told to', async () => {
  const order = (await (await checkout([{ sku: 'assam-250g', quantity: 1 }])).json()) as { id: string }
  user = 'ada'
  const body = JSON.stringify({ customer: 'alice' })
  const refund = (): Promise<Response> =>
    storefront.fetch(new Request(`https://shop.example/orders/${order.id}/refund`, { method: 'POST', body }))
  expect((await refund()).status).toBe(200)
  expect(rows.get(`alice/${order.id}`)).toMatchObject({ status: { S: 'refunded' } })
})

test('answers 402 when the card is declined, and leaves the order pending', async () => {
  const before = rows.size
  const answer = await checkout([{ sku: 'assam-250g', quantity: 1 }], 'pm_card_chargeDeclined')
  expect(answer.status).toBe(402)
  expect(await answer.json()).toMatchObject({ code: 'card_declined' })
  expect([...rows.values()].slice(before)).toMatchObject([{ status: { S: 'pending' } }])
})

test('hands a refusal of the table on with its id', async () => {
  denyUpdates = true
  const answer = await checkout([{ sku: 'assam-250g', quantity: 1 }])
  expect(answer.status).toBe(403)
  expect(await answer.json()).toMatchObject({ code: 'data.denied', id: 'decision-1' })
})

test('sells nothing that is not in the catalogue', async () => {
  expect((await checkout([{ sku: 'yacht', quantity: 1 }])).status).toBe(422)
})

test('answers 404 for an order of somebody else', async () => {
  const order = (await (await checkout([{ sku: 'assam-250g', quantity: 1 }])).json()) as { id: string }
  user = 'bob'
  expect((await storefront.fetch(new Request(`https://shop.example/orders/${order.id}`))).status).toBe(404)
})

function answerAsDynamoDb(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => answerTo(Buffer.concat(chunks).toString(), request, response))
}

function answerTo(text: string, request: IncomingMessage, response: ServerResponse): void {
  const asked = JSON.parse(text) as { Item: Row; Key: Row; ExpressionAttributeValues: Row }
  const at = (row: Row): string => `${row['customer']?.S}/${row['id']?.S}`
  const target = String(request.headers['x-amz-target']).replace('DynamoDB_20120810.', '')
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'decision-1' })
    response.end(JSON.stringify(body))
  }
  if (target === 'PutItem') rows.set(at(asked.Item), asked.Item)
  if (target === 'GetItem') return send(200, { Item: rows.get(at(asked.Key)) })
  if (target === 'UpdateItem') {
    if (denyUpdates) return send(400, { __type: 'com.amazonaws.dynamodb#AccessDeniedException', message: 'not yours' })
    const { ':status': status, ':paymentId': paymentId } = asked.ExpressionAttributeValues
    const row = rows.get(at(asked.Key)) ?? {}
    rows.set(at(asked.Key), { ...row, ...(status && { status }), ...(paymentId && { paymentId }) })
  }
  send(200, {})
}
