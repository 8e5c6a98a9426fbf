import { once } from 'node:events'
import { Agent as PlainAgent, createServer, request as httpRequest } from 'node:http'
import { Agent as TlsAgent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { cpus } from 'node:os'

import { type Harness, openHarness } from '../packages/server/src/egress/testing/harness.ts'
import { realParsers } from '../packages/server/src/host/testing/real-parsers.ts'

// What a door adds to one call, against the same call made directly, in this run. Receipts are kept in memory here:
// the disk is the ledger's own figure (bench/ledger.ts), and is added to this one where a record must be synced.

const rounds = 1_500
const warmUp = 300

const upstream = createServer((message, response) => {
  message.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{"id":"pi_1"}'))
})
upstream.listen(0, '127.0.0.1')
await once(upstream, 'listening')
const { port } = upstream.address() as AddressInfo // it listens on an address, not on a pipe
const parsers = await realParsers()
const { channelTo } = parsers
const payments = await openHarness({ channelTo, upstream: `http://127.0.0.1:${port}` })
const unsecured = await openHarness({
  channelTo,
  upstream: `http://127.0.0.1:${port}`,
  manifest: (text) => text.slice(0, text.indexOf('only:  ')).replace('https://api.stripe.com', 'http://localhost'),
})
const orders = await openHarness({ channelTo, functionName: 'orders' })

const plain = new PlainAgent({ keepAlive: true, maxSockets: 1 })
const secured = new TlsAgent({ keepAlive: true, maxSockets: 1, ca: payments.caPem })
const form = { 'content-type': 'application/x-www-form-urlencoded' }

const rows: readonly (readonly [string, () => Promise<void>])[] = [
  ['upstream, directly', () => send({ port, host: '127.0.0.1', agent: plain }, '/v1/payment_intents')],
  [
    'upstream through the door, plain to the door',
    () => send({ port: unsecured.httpPort, host: 'localhost', agent: plain }, '/v1/payment_intents'),
  ],
  ['upstream through the door, TLS to the door', () => viaDoor(payments)],
  [
    'function to function, an empty one',
    () => send({ port: orders.httpPort, host: 'payments.fn.internal', agent: plain }, '/charge'),
  ],
]

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${rounds} calls each, keep-alive, ` +
    'receipts in memory',
)
console.log('call                                          p50 ms   p99 ms   added p50 ms   × direct')
let direct = 0
for (const [name, call] of rows) {
  const times: number[] = []
  for (let round = -warmUp; round < rounds; round++) {
    const start = performance.now()
    await call()
    if (round >= 0) times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0
  if (direct === 0) direct = at(0.5)
  console.log(
    `${name.padEnd(44)} ${at(0.5).toFixed(3).padStart(7)} ${at(0.99).toFixed(3).padStart(8)}` +
      `${(at(0.5) - direct).toFixed(3).padStart(15)}${(at(0.5) / direct).toFixed(2).padStart(11)}`,
  )
}

plain.destroy()
secured.destroy()
await payments.close()
await unsecured.close()
await orders.close()
await parsers.close()
upstream.closeAllConnections()
upstream.close()

function viaDoor(harness: Harness): Promise<void> {
  const message = httpsRequest({
    host: '127.0.0.1',
    port: harness.httpsPort,
    servername: 'api.stripe.com',
    agent: secured,
    method: 'POST',
    path: '/v1/payment_intents',
    headers: { ...form, host: 'api.stripe.com' },
  })
  return finish(message)
}

function send(
  to: { readonly port: number; readonly host: string; readonly agent: PlainAgent },
  path: string,
): Promise<void> {
  const message = httpRequest({
    host: '127.0.0.1',
    port: to.port,
    agent: to.agent,
    method: 'POST',
    path,
    headers: { ...form, host: to.host },
  })
  return finish(message)
}

async function finish(message: ReturnType<typeof httpRequest>): Promise<void> {
  message.end('amount=100&currency=chf')
  const [response] = await once(message, 'response')
  if (response.statusCode >= 300) throw new Error(`the call was answered with ${response.statusCode}`)
  response.resume()
  await once(response, 'end')
}
