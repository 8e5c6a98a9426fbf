import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { ask, codeOf, type Harness, realKey } from '../testing/harness.ts'
import { openStripe, type PlainUpstream, startUpstream, type StripeOptions } from '../testing/stripe-door.ts'

let upstream: PlainUpstream
let harness: Harness

beforeEach(async () => {
  upstream = await startUpstream()
})

afterEach(async () => {
  await harness.close()
  await upstream.close()
})

const charge = 'https://api.stripe.com/v1/payment_intents'

async function open(options: StripeOptions = {}): Promise<Harness> {
  harness = await openStripe(upstream.origin, options)
  return harness
}

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

describe('constraints of a body', () => {
  const limits = '{ request: POST /v1/payment_intents, body: { amount: { from: 1, to: 500 }, currency: [chf] } }'

  it('let through what was written down, written anew', async () => {
    const { decisions } = await open({ charge: limits })
    expect(await ask(harness, charge, { headers: json, body: '{ "amount" : 500,\n"currency":"chf" }' })).toMatchObject({
      status: 200,
    })
    expect(await ask(harness, charge, { headers: form, body: 'amount=%35&currency=chf' })).toMatchObject({
      status: 200,
    })
    expect(upstream.seen.map(({ body }) => body)).toEqual(['{"amount":500,"currency":"chf"}', 'amount=5&currency=chf'])
    expect(decisions.map(({ effect }) => effect)).toEqual(['allow', 'allow'])
  })

  for (const [what, headers, body, code] of [
    ['too much', json, '{"amount":501,"currency":"chf"}', 'door.field'],
    ['a field that is not named', json, '{"amount":5,"currency":"chf","destination":"acct"}', 'door.field'],
    ['a field too few', json, '{"currency":"chf"}', 'door.field'],
    ['a name twice', json, '{"amount":5,"amount":900,"currency":"chf"}', 'door.unreadable'],
    ['a name twice in two spellings', json, '{"amount":5,"\\u0061mount":900,"currency":"chf"}', 'door.unreadable'],
    ['a number that no double holds', json, '{"amount":12345678901234567890,"currency":"chf"}', 'door.unreadable'],
    ['no JSON', json, 'amount=5', 'door.unreadable'],
    ['a form with a name twice', form, 'amount=5&amount=900&currency=chf', 'door.field'],
    ['a form that is not well encoded', form, 'amount=5&currency=%zz', 'door.unreadable'],
    ['another kind of body', { 'content-type': 'text/plain' }, 'amount=5&currency=chf', 'door.unreadable'],
    [
      'another character set',
      { 'content-type': 'application/json; charset=utf-16' },
      '{"amount":5,"currency":"chf"}',
      'door.unreadable',
    ],
    ['no content type', {}, '{"amount":5,"currency":"chf"}', 'door.unreadable'],
    ['no body', json, '', 'door.unreadable'],
  ] as const) {
    it(`refuse ${what}, on record; without them it passes`, async () => {
      await open({ charge: limits })
      expect(codeOf(await ask(harness, charge, { headers, body }))).toBe(code)
      expect(upstream.seen).toEqual([])
      expect(harness.decisions).toMatchObject([{ effect: 'deny', reasons: [{ code }] }])
      await harness.close()
      await open()
      expect(await ask(harness, charge, { headers, body })).toMatchObject({ status: 200 })
      expect(upstream.seen).toMatchObject([{ body }])
    })
  }

  it('say what would fit, and where that is written down', async () => {
    const { decisions } = await open({ charge: limits })
    await ask(harness, charge, { headers: json, body: '{"amount":501,"currency":"chf"}' })
    await ask(harness, charge, { headers: json, body: '{"amount":5,"currency":"chf","to":"x"}' })
    const at = expect.stringMatching(/^sallyport\.yaml:\d+:\d+$/)
    expect(decisions.map(({ reasons }) => reasons[0])).toMatchObject([
      { at, message: 'The field amount is not what stripe.charge takes. It must come once, from 1 to 500.' },
      { at, message: 'stripe.charge takes no field to.' },
    ])
  })

  it('say what is wrong only to those who may use the operation', async () => {
    await open({ charge: limits, functionName: 'notifications' })
    expect(codeOf(await ask(harness, charge, { headers: json, body: '{}' }))).toBe('door.not_granted')
  })
})

describe('constraints of a query', () => {
  it('let the named parameters through, and no others', async () => {
    await open({ charge: '{ request: POST /v1/payment_intents, query: { page: { from: 1, to: 9, optional: true } } }' })
    expect(await ask(harness, `${charge}?page=%39`)).toMatchObject({ status: 200 })
    expect(await ask(harness, charge)).toMatchObject({ status: 200 })
    expect(upstream.seen.map(({ url }) => url)).toEqual(['/v1/payment_intents?page=9', '/v1/payment_intents'])
    for (const query of ['?page=10', '?page=1&page=2', '?Page=1', '?expand%5B%5D=a', '?page=1&x']) {
      expect(codeOf(await ask(harness, charge + query)), query).toBe('door.field')
    }
    expect(upstream.seen).toHaveLength(2)
    await harness.close()
    await open()
    expect(await ask(harness, `${charge}?expand%5B%5D=customer`)).toMatchObject({ status: 200 })
    expect(upstream.seen.at(-1)?.url).toBe('/v1/payment_intents?expand%5B%5D=customer')
  })
})

describe('what a door adds', () => {
  it("takes the place of the caller's own, in the query and in the body", async () => {
    await open({ add: 'add: { query: { key: "{stripe-key}" }, body: { auth.key: "{stripe-key}", shop: "7" } }' })
    await ask(harness, `${charge}?a=1&key=mine&%6bey=mine2`, {
      headers: json,
      body: '{"a":1,"auth":{"key":"mine","b":2},"shop":1}',
    })
    expect(upstream.seen[0]?.url).toBe(`/v1/payment_intents?a=1&key=${realKey}`)
    expect(JSON.parse(upstream.seen[0]?.body ?? '')).toEqual({ a: 1, auth: { b: 2, key: realKey }, shop: '7' })
    await ask(harness, charge, { headers: form, body: 'shop=1&a=2' })
    expect(upstream.seen[1]?.body).toBe(`a=2&auth.key=${realKey}&shop=7`)
    expect(codeOf(await ask(harness, charge, { headers: { 'content-type': 'text/plain' }, body: 'x' }))).toBe(
      'door.unreadable',
    )
    expect(JSON.stringify([harness.decisions, harness.others, harness.lines])).not.toContain(realKey)
  })

  it('has nothing beside it that the upstream might take for it', async () => {
    await open({ add: 'add: { query: { key: "{stripe-key}" }, body: { auth.key: "{stripe-key}" } }' })
    const fits = { headers: json, body: '{"auth":{"note":"n"},"author":"a"}' }
    expect(await ask(harness, `${charge}?keys=1`, fits)).toMatchObject({ status: 200 })
    for (const query of ['?Key=mine', '?key%5B%5D=mine', '?%20key=mine', '?%E2%84%AAey=mine']) {
      expect(codeOf(await ask(harness, charge + query, fits)), query).toBe('door.field')
    }
    for (const body of ['{"Auth":{"key":"mine"}}', '{"auth":{"KEY":"mine"}}', '{"auth_key":"mine"}']) {
      expect(codeOf(await ask(harness, charge, { headers: json, body })), body).toBe('door.field')
    }
    for (const body of ['Auth.key=mine', 'auth_key=mine', 'auth%5Bkey=mine']) {
      expect(codeOf(await ask(harness, charge, { headers: form, body })), body).toBe('door.field')
    }
    expect(upstream.seen).toHaveLength(1)
  })

  it('may be Basic credentials, which do not come back either', async () => {
    await open({ add: 'add: { basic: { user: shop, password: "{stripe-key}" } }' })
    const basic = Buffer.from(`shop:${realKey}`).toString('base64')
    upstream.answer = (response, one) => void response.end(`you sent ${one.headers.authorization}`)
    const answered = await ask(harness, charge, { headers: { authorization: 'Basic mine' } })
    expect(upstream.seen[0]?.headers.authorization).toBe(`Basic ${basic}`)
    expect(answered.body).not.toContain(basic.slice(4, -4))
    expect(answered.body).toContain('you sent Basic ')
  })

  it('may be an identity token, and then no secret', async () => {
    await open({ add: 'auth: identity', secrets: { 'stripe-key': '' } })
    await ask(harness, charge)
    expect(upstream.seen[0]?.headers.authorization).toBe('Bearer identity of payments for https://api.stripe.com')
  })

  it('may be an access token, which is fetched once and again after it was refused', async () => {
    let issued = 0
    const issuer = createServer((message, response) => {
      issued += 1
      const body: Buffer[] = []
      message.on('data', (part: Buffer) => body.push(part))
      message.on('end', () => {
        const good =
          message.headers.authorization === `Basic ${Buffer.from(`shop%2B1:${realKey}`).toString('base64')}` &&
          Buffer.concat(body).toString() === 'grant_type=client_credentials&scope=a+b'
        response.writeHead(good ? 200 : 400, json)
        response.end(JSON.stringify({ access_token: `token-${issued}`, token_type: 'Bearer', expires_in: 3600 }))
      })
    })
    issuer.listen(0, '127.0.0.1')
    await once(issuer, 'listening')
    const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/token` // it listens on an address
    try {
      await open({
        add: `add: { oauth: { token: ${url}, client: shop+1, secret: "{stripe-key}", scope: a b } }`,
      })
      await ask(harness, charge)
      await ask(harness, charge)
      expect(upstream.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-1'])
      upstream.answer = (response) => response.writeHead(401).end()
      expect(await ask(harness, charge)).toMatchObject({ status: 401 })
      await ask(harness, charge)
      expect(upstream.seen.at(-1)?.headers.authorization).toBe('Bearer token-2')
    } finally {
      issuer.closeAllConnections()
      issuer.close()
    }
    // The second was refused too, and nobody gives a third.
    expect(codeOf(await ask(harness, charge))).toBe('upstream.unreachable')
  })
})

describe('what comes back', () => {
  const body = JSON.stringify({ id: 1, secret: 'x', charges: [{ amount: 5, card: '4242' }], __proto__x: 1 })

  it('is the named headers and fields only', async () => {
    await open({
      charge: '{ request: POST /v1/payment_intents, returns: { headers: [Request-Id], fields: [id, charges.amount] } }',
    })
    upstream.answer = (response) =>
      response.writeHead(200, { ...json, 'request-id': 'r1', 'x-debug': 'inside' }).end(body)
    const answered = await ask(harness, charge)
    expect(JSON.parse(answered.body)).toEqual({ id: 1, charges: [{ amount: 5 }] })
    expect(answered.headers).toMatchObject({ 'request-id': 'r1', 'content-length': String(answered.body.length) })
    expect(answered.headers).not.toHaveProperty('x-debug')
    upstream.answer = (response) => response.writeHead(500).end('<html>stack trace</html>')
    expect(codeOf(await ask(harness, charge))).toBe('upstream.not_json')
    await harness.close()
    await open()
    upstream.answer = (response) => response.writeHead(200, { ...json, 'x-debug': 'inside' }).end(body)
    expect(await ask(harness, charge)).toMatchObject({ body, headers: { 'x-debug': 'inside' } })
  })

  it('is looked through also where it comes compressed although that was not asked for', async () => {
    await open()
    upstream.answer = (response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(`key ${realKey} end`))
    const answered = await ask(harness, charge)
    expect(answered.body).toBe(`key ${'*'.repeat(realKey.length)} end`)
    let closed = false
    upstream.answer = (response) => {
      response.once('close', () => (closed = true)).writeHead(200, { 'content-encoding': 'lzma' })
      response.write('unreadable, and without end')
    }
    expect(codeOf(await ask(harness, charge))).toBe('upstream.coding')
    await expect.poll(() => closed).toBe(true)
  })
})
