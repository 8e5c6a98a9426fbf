import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Stripe } from 'stripe'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { ask, codeOf, type Harness, openHarness, realKey } from '../testing/harness.ts'

type Seen = {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly raw: readonly string[]
  readonly body: string
}

let upstream: Server
let seen: Seen[]
let answer: (response: ServerResponse) => void
let harness: Harness

beforeEach(async () => {
  seen = []
  answer = (response) =>
    response.setHeader('content-type', 'application/json').end('{"id":"pi_1","object":"payment_intent"}')
  upstream = createServer((message, response) => {
    const one = {
      method: message.method ?? '',
      url: message.url ?? '',
      headers: message.headers,
      raw: message.rawHeaders,
      body: '',
    }
    seen.push(one)
    message.on('data', (part) => (one.body += String(part)))
    message.on('end', () => answer(response))
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  harness = await openHarness({ upstream: originOf(upstream) })
})

afterEach(async () => {
  await harness.close()
  upstream.closeAllConnections()
  upstream.close()
})

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on an address
}

const charge = 'https://api.stripe.com/v1/payment_intents'

describe('a door', () => {
  it('lets a listed operation through, with the secret that only the door knows', async () => {
    const answered = await ask(harness, charge, {
      body: 'amount=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(answered).toMatchObject({ status: 200, body: '{"id":"pi_1","object":"payment_intent"}' })
    expect(seen).toMatchObject([
      { method: 'POST', url: '/v1/payment_intents', body: 'amount=1', headers: { authorization: `Bearer ${realKey}` } },
    ])
    expect(harness.decisions).toMatchObject([
      {
        effect: 'allow',
        door: 'egress',
        subjectName: 'payments',
        transaction: 't1',
        parent: 'd0',
        durability: 'synced',
        user: 'arn:sallyport:identity:checkout::user/alice',
        asked: [{ action: 'sallyport:UseDoor', resource: 'arn:sallyport:door:checkout::stripe/charge' }],
      },
    ])
    expect(harness.others).toMatchObject([
      { kind: 'outcome', outcome: 'done', status: 200, tls: 'none', decision: harness.decisions[0]?.id },
    ])
    expect(harness.others[0], 'with nothing more to tell').not.toHaveProperty('detail')
    expect(JSON.stringify([harness.decisions, harness.others, harness.lines])).not.toContain(realKey)
  })

  it('works for the unmodified Stripe SDK', async () => {
    const stripe = new Stripe('no-key-here', {
      host: '127.0.0.1',
      port: harness.httpsPort,
      maxNetworkRetries: 0,
      httpClient: Stripe.createFetchHttpClient((_url, init) => fetchThroughBox(init ?? {})),
    })
    const intent = await stripe.paymentIntents.create({ amount: 100, currency: 'chf' }, { idempotencyKey: 'k1' })
    expect(intent.id).toBe('pi_1')
    expect(seen[0]?.headers).toMatchObject({ authorization: `Bearer ${realKey}`, 'idempotency-key': 'k1' })
  })

  async function fetchThroughBox(init: RequestInit): Promise<Response> {
    const answered = await ask(harness, charge, {
      headers: Object.fromEntries(new Headers(init.headers)),
      body: typeof init.body === 'string' ? init.body : '',
    })
    return new Response(answered.body, { status: answered.status })
  }

  it("leaves the caller's own key behind, and says so", async () => {
    await ask(harness, charge, {
      headers: {
        authorization: 'Bearer sk_of_the_attacker',
        cookie: 'a=1',
        'x-api-key': 'k',
        'x-other': '1',
        accept: 'a/b',
      },
    })
    expect(seen[0]?.raw.join(' ')).not.toMatch(/attacker|cookie|x-api-key|x-other/i)
    expect(seen[0]?.headers.accept).toBe('a/b')
    expect(harness.others).toMatchObject([{ detail: expect.stringContaining('authorization, cookie, x-api-key') }])
  })

  it('hands a redirect back and follows it nowhere', async () => {
    answer = (response) => response.writeHead(302, { location: 'https://evil.example/', 'set-cookie': 'a=1' }).end()
    const answered = await ask(harness, charge)
    expect(answered).toMatchObject({ status: 302, headers: { location: 'https://evil.example/' } })
    expect(answered.headers['set-cookie']).toBeUndefined()
    expect(seen).toHaveLength(1)
  })

  it('never lets a broken stream look like a short answer', async () => {
    answer = (response) => {
      response.write('half of it')
      setTimeout(() => response.destroy(), 20)
    }
    expect(await ask(harness, charge).catch(() => 'broken')).toBe('broken')
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'aborted', status: 200 }])
    answer = (response) => void response.end('all of it')
    expect(await ask(harness, charge)).toMatchObject({ status: 200, body: 'all of it' })
  })

  it('stars out a secret that the upstream reflects, also across chunks and in base64', async () => {
    answer = (response) => {
      response.setHeader('x-echo', realKey)
      response.write(`before ${realKey.slice(0, 9)}`)
      setTimeout(() => response.end(`${realKey.slice(9)} after ${Buffer.from(`x:${realKey}`).toString('base64')}`), 20)
    }
    const answered = await ask(harness, charge)
    expect(answered.body).toMatch(/^before \*{31} after /)
    expect(answered.body + String(answered.headers['x-echo'])).not.toContain(realKey)
    expect(Buffer.from(answered.body.split(' ').at(-1) ?? '', 'base64').toString('latin1')).not.toContain(
      realKey.slice(3, -3),
    )
  })

  const refused: readonly [string, string, Parameters<typeof ask>[2], string][] = [
    ['another host', 'http://evil.example/', {}, 'door.unlisted'],
    ['another path', 'https://api.stripe.com/v1/balance', { method: 'GET' }, 'door.unlisted'],
    ['another method', charge, { method: 'DELETE' }, 'door.unlisted'],
    ['another case', 'https://api.stripe.com/V1/payment_intents', {}, 'door.unlisted'],
    ['a deeper path', `${charge}/pi_1`, {}, 'door.unlisted'],
    ['a door that nobody granted it', 'https://api.postmarkapp.com/email', {}, 'door.not_granted'],
    ['plain HTTP to a door of HTTPS', 'http://api.stripe.com/v1/payment_intents', {}, 'door.unlisted'],
    [
      'another Host than the server name',
      'https://api.stripe.com/v1/payment_intents',
      { headers: { host: 'api.postmarkapp.com' } },
      'door.host_mismatch',
    ],
    ['the metadata address', 'http://169.254.169.254/latest/meta-data/', { method: 'GET' }, 'door.unlisted'],
    ['dot segments', 'https://api.stripe.com/', { path: '/v1/x/../payment_intents' }, 'door.path'],
    ['encoded dots', 'https://api.stripe.com/', { path: '/v1/%2e%2E/v1/payment_intents' }, 'door.path'],
    ['an encoded slash', 'https://api.stripe.com/', { path: '/v1%2Fpayment_intents' }, 'door.path'],
    ['a doubled slash', 'https://api.stripe.com/', { path: '//v1/payment_intents' }, 'door.path'],
    ['a backslash', 'https://api.stripe.com/', { path: '/v1\\payment_intents' }, 'door.path'],
    ['a semicolon', 'https://api.stripe.com/', { path: '/v1/payment_intents;a' }, 'door.path'],
    [
      'the absolute form',
      'https://api.stripe.com/',
      { path: 'https://evil.example/v1/payment_intents' },
      'door.host_mismatch',
    ],
    ['a body that is too large', charge, { headers: { 'content-length': 7 * 1024 * 1024 } }, 'request.too_large'],
    ['a repeated header', charge, { headers: { 'x-twice': ['a', 'b'] } }, 'request.duplicate_header'],
  ]
  for (const [what, url, options, code] of refused) {
    it(`refuses ${what}, records it, and explains it in the log`, async () => {
      expect(await ask(harness, charge)).toMatchObject({ status: 200 })
      const answered = await ask(harness, url, options)
      expect(codeOf(answered)).toBe(code)
      expect(seen).toHaveLength(1)
      const [, denied] = harness.decisions
      expect(denied).toMatchObject({ effect: 'deny', durability: 'written', id: JSON.parse(answered.body).id })
      expect(harness.lines.join('\n')).toContain(`why: sallyport why ${denied?.id}`)
    })
  }

  it('offers the line that would allow it', async () => {
    await ask(harness, 'https://api.stripe.com/v1/customers', { method: 'GET' })
    expect(harness.lines[0]).toMatch(/fix: sallyport allow payments/)
  })

  it('says which secret is missing only to those who may use the door', async () => {
    await harness.close()
    harness = await openHarness({ rooms: { useSecret: () => undefined, hasSecret: () => false } })
    const answered = await ask(harness, charge)
    expect(codeOf(answered)).toBe('secret.missing')
    expect(answered.headers, 'since no time mends it').not.toHaveProperty('retry-after')
    expect(harness.lines[0]).toContain('fix: sallyport secret set --as ada stripe-key')
    expect(codeOf(await ask(harness, 'https://api.postmarkapp.com/email'))).toBe('door.not_granted')
  })

  it('sends nothing where a secret is gone by the time it is needed', async () => {
    await harness.close()
    harness = await openHarness({ upstream: originOf(upstream), rooms: { useSecret: () => undefined } })
    expect(codeOf(await ask(harness, charge))).toBe('secret.missing')
    expect(seen).toEqual([])
    expect(harness.others).toMatchObject([{ outcome: 'failed', detail: expect.stringContaining('stripe-key') }])
  })

  it('says nothing of what broke within it, neither in its answer nor on record', async () => {
    await harness.close()
    const useSecret = (): never => {
      throw new TypeError(`cannot open ${realKey}`)
    }
    harness = await openHarness({ upstream: originOf(upstream), rooms: { useSecret } })
    const answered = await ask(harness, charge)
    expect(codeOf(answered)).toBe('exit.error')
    expect(seen).toEqual([])
    expect(JSON.stringify([answered, harness.decisions, harness.others, harness.lines])).not.toContain(realKey)
  })

  it('refuses what comes while no invocation runs, and lets it through while one does', async () => {
    const running = harness.invocation
    harness.invocation = undefined
    expect(codeOf(await ask(harness, charge))).toBe('exit.no_invocation')
    harness.invocation = running
    expect(await ask(harness, charge)).toMatchObject({ status: 200 })
    expect(harness.decisions).toMatchObject([{ effect: 'deny' }, { effect: 'allow' }])
  })

  it('ends with the grant: what is revoked between decision and upstream does not leave', async () => {
    await harness.close()
    harness = await openHarness({
      upstream: originOf(upstream),
      rooms: { isCurrent: () => false },
    })
    expect(codeOf(await ask(harness, charge))).toBe('grant.ended')
    expect(seen).toHaveLength(0)
    expect(harness.others).toMatchObject([{ outcome: 'aborted' }])
  })

  it('refuses when the ledger cannot record, and says nothing of why', async () => {
    await harness.close()
    harness = await openHarness({ rooms: { record: () => Promise.reject(new Error('disk full')) } })
    const answered = await ask(harness, charge)
    expect(codeOf(answered)).toBe('exit.error')
    expect(answered.body).not.toContain('disk')
    expect(seen).toHaveLength(0)
  })
})

describe('the end of an invocation', () => {
  it('aborts what is on its way upstream, and settles it as aborted', async () => {
    let aborted = false
    answer = (response) => void response.on('close', () => (aborted = true))
    const pending = ask(harness, charge).catch(() => 'dropped')
    await expect.poll(() => seen.length).toBe(1)
    await harness.endInvocation()
    expect(await pending).toBe('dropped')
    await expect.poll(() => aborted).toBe(true)
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'aborted' }])
  })
})
