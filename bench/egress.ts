import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent as PlainAgent, request as httpRequest, type RequestOptions } from 'node:http'
import { Agent as TlsAgent, request as httpsRequest } from 'node:https'
import { cpus } from 'node:os'
import { join } from 'node:path'

import { haltPollPath, readHaltPollNs, usualHaltPollNs } from '../packages/server/src/host/index.ts'

// What a door adds to one call, against the same call made directly, in this run. Caller, upstream and server are a
// process each, and so is each parser, as in use. Receipts are kept in memory here: the disk is the ledger's own
// figure (bench/ledger.ts), and is added to this one where a record must be synced. The calls take turns, so that
// whatever else the machine does falls on all of them.

const first = 500
const warmUp = 4_000
const rounds = 3_000
const turn = 50

interface Ports {
  readonly plain: number
  readonly secured: number
  readonly orders: number
  readonly caPem: string
}
interface Spent {
  readonly server: number
  readonly parsers: readonly number[]
}
interface Row {
  readonly name: string
  readonly call: () => Promise<void>
  /** Which of the boxes; undefined for none. */
  readonly box?: number
  readonly times: number[]
  server: number
  parser: number
}

const upstream = fork(join(import.meta.dirname, 'egress-upstream.ts'), [], { execArgv: ['-C', 'source'] })
const [port] = (await once(upstream, 'message')) as [number]
const server = fork(join(import.meta.dirname, 'egress-server.ts'), [String(port)], { execArgv: ['-C', 'source'] })
const [ports] = (await once(server, 'message')) as [Ports]

const agent = new PlainAgent({ keepAlive: true, maxSockets: 1 })
const tlsAgent = new TlsAgent({ keepAlive: true, maxSockets: 1, ca: ports.caPem })
const charge = '/v1/payment_intents'
const direct = row('the upstream, directly', () => send(port, 'localhost', charge))
const plain = row('through the door, plain to the door', () => send(ports.plain, 'localhost', charge), 0)
const rows = [
  direct,
  plain,
  row('through the door, TLS to the door', () => send(ports.secured, 'api.stripe.com', charge, true), 1),
  row('function to function, an empty one', () => send(ports.orders, 'payments.fn.internal', '/charge'), 2),
]

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, one call after the other, kept alive, ` +
    `receipts in memory; ${first} first calls, ${warmUp} more to warm up, then ${rounds} of each by turns of ${turn}`,
)
const haltPollNs = readHaltPollNs()
if (haltPollNs !== undefined)
  console.log(
    `An idle processor of this virtual machine looks for work for ${haltPollNs / 1000} µs before it halts; ` +
      `Linux has ${usualHaltPollNs / 1000} unless somebody sets another time (${haltPollPath})`,
  )
const beginning = row('the same, the first calls', plain.call, 0)
await timed(beginning, first)
for (let done = 0; done < warmUp; done += turn) for (const each of rows) await timed({ ...each, times: [] }, turn)
for (let done = 0; done < rounds; done += turn) for (const each of rows) await timed(each, turn)

console.log(`${'call'.padEnd(38)}  p10 ms  p50 ms  p99 ms  added p10  added p50   CPU µs a call: server  parser`)
for (const each of [direct, plain, beginning, ...rows.slice(2)]) {
  const [low, middle, high] = [at(each, 0.1), at(each, 0.5), at(each, 0.99)]
  const added = [low - at(direct, 0.1), middle - at(direct, 0.5)].map((ms) => ms.toFixed(3).padStart(11))
  const cpu = [each.server, each.parser].map((all) => (all / each.times.length).toFixed(0))
  console.log(
    each.name.padEnd(38) +
      [low, middle, high].map((ms) => ms.toFixed(3).padStart(8)).join('') +
      (each === direct ? '' : `${added.join('')}${cpu[0]?.padStart(24)}${cpu[1]?.padStart(8)}`),
  )
}

agent.destroy()
tlsAgent.destroy()
server.disconnect()
await once(server, 'exit')
upstream.disconnect()
await once(upstream, 'exit')

function row(name: string, call: () => Promise<void>, box?: number): Row {
  return { name, call, times: [], server: 0, parser: 0, ...(box === undefined ? {} : { box }) }
}

function at({ times }: Row, share: number): number {
  return times.toSorted((one, other) => one - other)[Math.floor(times.length * share)] ?? 0
}

async function spent(): Promise<Spent> {
  server.send('spent')
  const [all] = (await once(server, 'message')) as [Spent]
  return all
}

async function timed(into: Row, calls: number): Promise<void> {
  const before = await spent()
  for (let call = 0; call < calls; call++) {
    const start = performance.now()
    await into.call()
    into.times.push(performance.now() - start)
  }
  const after = await spent()
  into.server += after.server - before.server
  into.parser += (after.parsers[into.box ?? -1] ?? 0) - (before.parsers[into.box ?? -1] ?? 0)
}

async function send(to: number, host: string, path: string, secured = false): Promise<void> {
  const options: RequestOptions = {
    host: '127.0.0.1',
    port: to,
    method: 'POST',
    path,
    headers: { host, 'content-type': 'application/x-www-form-urlencoded' },
  }
  const message = secured
    ? httpsRequest({ ...options, servername: host, agent: tlsAgent })
    : httpRequest({ ...options, agent })
  message.end('amount=100&currency=chf')
  const [response] = await once(message, 'response')
  if (response.statusCode >= 300) throw new Error(`the call was answered with ${response.statusCode}`)
  response.resume()
  await once(response, 'end')
}
