import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'

import type { Secret } from '@sallyport/core/access'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { makeSvid, makeWorkloadRoot, openAuthority, type Svid } from '../../certificates/index.ts'
import { ask, type Harness } from '../testing/harness.ts'
import { openStripe } from '../testing/stripe-door.ts'

const derOf = (pem: string): Uint8Array => new Uint8Array(new X509Certificate(pem).raw)

let server: Server
let harness: Harness
let rooms: NonNullable<Parameters<typeof openStripe>[1]>['rooms']
/** What the upstream saw: who its own check of client certificates let in, and the token. */
let seen: string[]
let peer: Svid
let foreign: Uint8Array

beforeEach(async () => {
  seen = []
  const kept = new Map<string, Secret<string>>()
  const authority = await openAuthority({
    kind: 'gateway',
    app: 'upstream',
    permittedNames: ['localhost'],
    nowMs: Date.now,
    keeper: { useSecret: (name) => kept.get(name), setSecret: async (name, value) => kept.set(name, value).size },
  })
  const { key, cert } = await authority.leafFor(['localhost'])
  const root = await makeWorkloadRoot('checkout', Date.now(), Date.now() + 3_600_000)
  peer = await makeSvid('spiffe://checkout/gateway', root, Date.now(), 600_000)
  foreign = derOf((await makeWorkloadRoot('checkout', Date.now(), Date.now() + 3_600_000)).certificate)
  server = createServer({ key, cert, ca: root.certificate, requestCert: true, rejectUnauthorized: false })
  server.addContext('api.stripe.com', { ...peer, ca: root.certificate })
  server.on('request', (message, response) => {
    const { socket } = message
    const name =
      socket instanceof TLSSocket && socket.authorized ? socket.getPeerCertificate().subjectaltname : 'nobody'
    seen.push(`${String(name)}, ${message.headers.authorization ?? 'no token'}`)
    response.end('{"id":"pi_1"}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  rooms = {
    upstreamCaPem: authority.caPem,
    rootsOf: (trustDomain) => (trustDomain === 'checkout' ? [derOf(root.certificate)] : undefined),
    svidFor: ({ name }) => makeSvid(`spiffe://checkout/zone/restricted/function/${name}`, root, Date.now(), 600_000),
  }
})

afterEach(async () => {
  await harness.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const payments = 'URI:spiffe://checkout/zone/restricted/function/payments'
const cases: readonly [auth: string, seen: string][] = [
  ['auth: certificate', `${payments}, no token`],
  [
    'auth: { identity: https://bank.example, certificate: true }',
    `${payments}, Bearer identity of payments for https://bank.example with a certificate`,
  ],
  ['auth: { identity: https://bank.example }', 'nobody, Bearer identity of payments for https://bank.example'],
]
for (const [auth, expected] of cases) {
  test(`a door with ${auth} shows what it says and nothing else`, async () => {
    const { port } = server.address() as AddressInfo // it listens on an address
    harness = await openStripe(`https://localhost:${port}`, { add: auth, ...(rooms === undefined ? {} : { rooms }) })
    expect(await ask(harness, 'https://api.stripe.com/v1/payment_intents')).toMatchObject({ status: 200 })
    expect(seen).toEqual([expected])
    expect(harness.decisions.at(-1)).toMatchObject({ effect: 'allow', durability: 'synced' })
  })
}

const withPeer = { add: 'auth: certificate', more: '\n    peer: spiffe://checkout/gateway' }

test('a door with a peer asks it by the name that the function used, and is content with its SVID', async () => {
  const { port } = server.address() as AddressInfo // it listens on an address
  harness = await openStripe(`https://localhost:${port}`, { ...withPeer, ...(rooms === undefined ? {} : { rooms }) })
  expect(await ask(harness, 'https://api.stripe.com/v1/payment_intents')).toMatchObject({ status: 200 })
  expect(seen).toEqual([`${payments}, no token`])
})

test('a door whose peer is somebody else hands nothing over, and the record says why', async () => {
  const { port } = server.address() as AddressInfo // it listens on an address
  harness = await openStripe(`https://localhost:${port}`, {
    ...withPeer,
    rooms: { ...rooms, rootsOf: () => [foreign] },
  })
  expect(await ask(harness, 'https://api.stripe.com/v1/payment_intents')).toMatchObject({ status: 502 })
  expect(seen).toEqual([])
  expect(harness.others.at(-1)).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('upstream.peer') })
})
