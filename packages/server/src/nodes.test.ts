import { X509Certificate } from 'node:crypto'

import { SallyportError, type Secret } from '@sallyport/core/access'
import type { Gate } from '@sallyport/core/enforcement'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { makeSvid, makeWorkloadRoot, openAuthority, type Svid, verifySvid } from './certificates/index.ts'
import { createUpstreams, type Peer } from './egress/index.ts'
import { type Gateway, type IngressRequest, type IngressResponse, jsonResponse, startGateway } from './gateway/index.ts'

// Two servers: functions of `shop` call the gateway of `orders`. Each proves what it is to the other.
const now = Date.now()
const hour = 3_600_000
const [shopRoot, ordersRoot] = await Promise.all([
  makeWorkloadRoot('shop', now, now + 5 * hour),
  makeWorkloadRoot('orders', now, now + 5 * hour),
])
const caller = await makeSvid('spiffe://shop/zone/internal/function/basket', shopRoot, now, hour)
const derOf = (pem: string): Uint8Array => new Uint8Array(new X509Certificate(pem).raw)

let gateway: Gateway
let leaf: { readonly key: string; readonly cert: string }
let shown: Svid
/** What the gateway of `orders` saw of each request: the host that it was asked as, and who asked. */
const seen: string[] = []

beforeAll(async () => {
  const kept = new Map<string, Secret<string>>()
  const authority = await openAuthority({
    kind: 'gateway',
    app: 'orders',
    permittedNames: ['localhost'],
    keeper: { useSecret: (name) => kept.get(name), setSecret: async (name, value) => kept.set(name, value).size },
    nowMs: Date.now,
  })
  leaf = await authority.leafFor(['localhost'])
  shown = await makeSvid('spiffe://orders/gateway', ordersRoot, now, hour)
  const gate = {
    authenticate: ({ certificates, url, fault }: IngressRequest) => {
      const verdict = verifySvid(certificates ?? [], new Map([['shop', [derOf(shopRoot.certificate)]]]), Date.now())
      const who = verdict.kind === 'verified' ? verdict.id.text : verdict.code
      seen.push(`${new URL(url).host}: ${fault?.code ?? who}`)
      return { kind: 'anonymous', id: 'anonymous', name: 'anonymous', roles: [] }
    },
    describe: () => [{}],
    gather: (asked: unknown) => asked,
    decide: () => ({ effect: 'deny' }),
    record: () => Promise.resolve({}),
    refuse: () => jsonResponse(200, {}),
  } as unknown as Gate<IngressRequest, IngressResponse> // a fake with only the steps that a refusal takes
  gateway = await startGateway({
    port: 0,
    tls: leaf,
    node: {
      name: 'orders.sallyport.internal',
      svid: async () => shown,
      onTrouble: (cause) => {
        throw cause
      },
    },
    gate,
    route: () => undefined,
    mayKnock: () => true,
    onFailure: (cause) => {
      throw cause
    },
    nowMs: Date.now,
  })
})

afterAll(() => gateway.close())

const gatewayOfOrders: Peer = {
  id: 'spiffe://orders/gateway',
  host: 'orders.sallyport.internal',
  trustDomain: 'orders',
  roots: [derOf(ordersRoot.certificate)],
}

async function call(peer: Peer | undefined, { atMs, as }: { atMs?: number; as?: Svid } = {}): Promise<string> {
  const upstreams = createUpstreams(undefined, undefined, () => atMs ?? Date.now())
  try {
    const { status } = await upstreams.call({
      pool: 'p',
      origin: gateway.url,
      privateUpstream: true,
      ...(peer === undefined ? {} : { peer }),
      certificate: { ...(as ?? caller), digest: 'of the caller' },
      method: 'GET',
      target: '/',
      headers: [],
      body: new Uint8Array(),
      timeoutMs: 5_000,
      signal: new AbortController().signal,
    })
    return String(status)
  } catch (error) {
    return error instanceof SallyportError ? `${error.code}: ${error.message}` : 'other'
  } finally {
    await upstreams.close()
  }
}

test('two servers prove what they are to each other, by SPIFFE id', async () => {
  expect(await call(gatewayOfOrders)).toBe('200')
  expect(seen.at(-1)).toBe('orders.sallyport.internal: spiffe://shop/zone/internal/function/basket')
})

test('a renewed SVID is shown from the next handshake on', async () => {
  const first = shown
  shown = await makeSvid('spiffe://orders/gateway', ordersRoot, now, hour)
  expect(shown.cert).not.toBe(first.cert)
  expect(await call(gatewayOfOrders)).toBe('200')
})

const strangers: readonly [what: string, peer: Partial<Peer>, says: string][] = [
  ['another workload of the same trust domain', { id: 'spiffe://orders/zone/a/function/b' }, 'spiffe://orders/gateway'],
  ['one that another domain vouches for', { roots: [derOf(shopRoot.certificate)] }, 'svid.untrusted'],
  ['one of a domain that counts no more', { roots: [] }, 'svid.trust_domain'],
  ['one that shows the certificate of a web server', { host: 'localhost' }, 'svid.id_missing'],
]
for (const [what, changed, says] of strangers) {
  test(`${what} is no peer, and is asked nothing`, async () => {
    const before = seen.length
    const answer = await call({ ...gatewayOfOrders, ...changed })
    expect(answer).toContain('upstream.peer')
    expect(answer).toContain(says)
    expect(seen).toHaveLength(before)
  })
}

test('a peer whose SVID is over is none', async () => {
  expect(await call(gatewayOfOrders, { atMs: now + 2 * hour })).toContain('svid.expired')
})

test('who holds no public name is not believed without a peer', async () => {
  expect(await call(undefined)).toContain('upstream.unreachable')
})

test('a caller of another trust domain is not taken for one of this', async () => {
  const stranger = await makeSvid(caller.id, ordersRoot, now, hour)
  expect(await call(gatewayOfOrders, { as: stranger })).toBe('200')
  expect(seen.at(-1)).toBe('orders.sallyport.internal: svid.untrusted')
})
