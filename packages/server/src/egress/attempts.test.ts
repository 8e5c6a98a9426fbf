import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { ask, codeOf, type Harness } from './testing/harness.ts'
import { openStripe, type PlainUpstream, startUpstream, type StripeOptions } from './testing/stripe-door.ts'

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

describe('a limit', () => {
  it('ends with a 429 that is on record, and is counted for those who may use the door only', async () => {
    await open({ charge: '{ request: POST /v1/payment_intents, limit: 2/h }' })
    for (const status of [200, 200, 429]) expect(await ask(harness, charge)).toMatchObject({ status })
    expect(harness.decisions.at(-1)).toMatchObject({ effect: 'deny', reasons: [{ code: 'door.limited' }] })
    const { headers } = await ask(harness, charge)
    expect(Number(headers['retry-after'])).toBeGreaterThan(1_700)
    expect(await ask(harness, 'https://api.stripe.com/v1/refunds')).toMatchObject({ status: 403 })
  })
})

describe('another attempt', () => {
  const retried = '{ request: POST /v1/payment_intents, retry: 2, idempotency: Idempotency-Key }'

  it('has a receipt of its own, and the same idempotency key', async () => {
    await open({ charge: retried })
    const statuses = [503, 503, 200]
    upstream.answer = (response) => response.writeHead(statuses.shift() ?? 500, { 'retry-after': '0' }).end('{}')
    expect(await ask(harness, charge, { body: 'a=1' })).toMatchObject({ status: 200 })
    expect(upstream.seen.map(({ body }) => body)).toEqual(['a=1', 'a=1', 'a=1'])
    const keys = upstream.seen.map(({ headers }) => headers['idempotency-key'])
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
    expect(new Set(keys).size).toBe(1)
    expect(new Set(harness.decisions.map(({ id }) => id)).size).toBe(3)
    await expect
      .poll(() => harness.others)
      .toMatchObject([
        { outcome: 'failed', status: 503 },
        { outcome: 'failed', status: 503, detail: 'attempt 2' },
        { outcome: 'done', status: 200, detail: 'attempt 3' },
      ])
  })

  it('does not read on what it does not hand back', async () => {
    await open({ charge: retried })
    let closed = 0
    upstream.answer = (response) => {
      if (upstream.seen.length === 2) return void response.end('{}')
      response.once('close', () => (closed += 1)).writeHead(503, { 'retry-after': '0' })
      response.write('the answer goes on, and on')
    }
    expect(await ask(harness, charge)).toMatchObject({ status: 200 })
    await expect.poll(() => closed).toBe(1)
  })

  it("carries the caller's own key, and ends where it may", async () => {
    await open({ charge: retried })
    upstream.answer = (response) => response.writeHead(503).end('{}')
    expect(await ask(harness, charge, { headers: { 'idempotency-key': 'mine' } })).toMatchObject({ status: 503 })
    expect(upstream.seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['mine', 'mine', 'mine'])
  })

  it('is not made of a refusal, nor where nobody wrote it down', async () => {
    await open({ charge: retried })
    upstream.answer = (response) => response.writeHead(402).end('{}')
    expect(await ask(harness, charge)).toMatchObject({ status: 402 })
    expect(upstream.seen).toHaveLength(1)
    await harness.close()
    await open()
    upstream.answer = (response) => response.writeHead(503).end('{}')
    expect(await ask(harness, charge)).toMatchObject({ status: 503 })
    expect(upstream.seen).toHaveLength(2)
  })

  it('is not made of a call whose invocation has ended', async () => {
    await open({ charge: retried })
    let ended: Promise<void> | undefined
    upstream.answer = (response) => {
      response.writeHead(503, { 'retry-after': '60' }).end('{}')
      const isSettled = (): unknown => expect.poll(() => harness.others).toHaveLength(1)
      ended = Promise.resolve(isSettled()).then(() => harness.endInvocation())
    }
    await expect(ask(harness, charge)).rejects.toThrow()
    await ended
    expect(harness.decisions).toHaveLength(1)
    expect(upstream.seen).toHaveLength(1)
  })

  it('is made where the upstream cannot be reached, and recorded as often as it was tried', async () => {
    await open({ charge: retried })
    await upstream.close()
    expect(codeOf(await ask(harness, charge))).toBe('upstream.unreachable')
    expect(harness.decisions).toHaveLength(3)
  })
})
