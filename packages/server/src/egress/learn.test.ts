import { Resolver } from 'node:dns/promises'
import { createServer } from 'node:http'

import type { SeenExit } from '@sallyport/manifest'
import { describe, expect, it } from 'vitest'

import { endings, listen, open } from './testing/endings.ts'
import { ask, codeOf, type Harness, realKey } from './testing/harness.ts'

const beside = 'https://maps.acme.example/v1/places/7?key=from-the-function'

async function upstream(): Promise<{ readonly origin: string; readonly reached: () => number }> {
  let reached = 0
  const server = createServer((message, response) => {
    reached += 1
    message.resume().once('end', () => response.setHeader('content-type', 'application/json').end('{"id":"pi_1"}'))
  })
  endings.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return { origin: await listen(server), reached: () => reached }
}

function resolve(harness: Harness, name: string): Promise<unknown> {
  const resolver = new Resolver({ timeout: 20_000, tries: 1 })
  resolver.setServers([`127.0.0.1:${harness.dnsPort}`])
  return resolver.resolve4(name).catch((error: { code?: unknown }) => error.code)
}

describe('while learn records', () => {
  it('a host that no door has is heard out, refused, and reached by nobody', async () => {
    const seen: SeenExit[] = []
    const { origin, reached } = await upstream()
    const harness = await open(origin, { rooms: { learn: (one) => seen.push(one) } })
    expect(await resolve(harness, 'maps.acme.example')).toEqual(['198.19.255.254'])
    const answered = await ask(harness, beside, { method: 'GET' })
    expect([answered.status, codeOf(answered)]).toEqual([403, 'door.unlisted'])
    expect(seen).toEqual([
      {
        at: expect.any(Number),
        functionName: 'payments',
        effect: 'deny',
        code: 'door.unlisted',
        fix: expect.stringContaining('sallyport allow payments '),
        method: 'GET',
        url: 'https://maps.acme.example/v1/places/7',
        dropped: [],
      },
    ])
    expect(harness.decisions).toMatchObject([{ effect: 'deny' }])
    expect(reached()).toBe(0)
  })

  it('headers that a door left behind are named, and nothing of what was sent', async () => {
    const seen: SeenExit[] = []
    const { origin } = await upstream()
    const harness = await open(origin, { rooms: { learn: (one) => seen.push(one) } })
    const headers = { 'stripe-account': 'acct_1', authorization: 'Bearer mine', 'user-agent': 'test', te: 'trailers' }
    expect(
      await ask(harness, 'https://api.stripe.com/v1/payment_intents?a=1', { headers, body: 'amount=1' }),
    ).toMatchObject({
      status: 200,
    })
    expect(seen).toMatchObject([{ effect: 'allow', method: 'POST', dropped: ['stripe-account'] }])
    expect(seen[0], 'since nothing was refused').not.toHaveProperty('code')
    const written = JSON.stringify(seen)
    for (const value of ['acct_1', 'mine', 'amount', 'a=1', realKey]) expect(written).not.toContain(value)
  })

  it('names that are no host names stay unknown', async () => {
    const harness = await open('http://127.0.0.1:9', { rooms: { learn: () => undefined } })
    for (const name of ['localhost', 'a_b.example', '1.2.3.4', 'x'.repeat(64)]) {
      expect(await resolve(harness, name)).not.toEqual(['198.19.255.254'])
    }
  })

  it('unless it records, the name does not resolve and no handshake for it succeeds, as control', async () => {
    const harness = await open('http://127.0.0.1:9')
    expect(await resolve(harness, 'maps.acme.example')).toBe('ENOTFOUND')
    await expect(ask(harness, beside, { method: 'GET' })).rejects.toThrow()
  })
})
