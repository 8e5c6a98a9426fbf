import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'

import { invocationOf, openHarness } from '../packages/server/src/egress/testing/harness.ts'
import { realParsers } from '../packages/server/src/host/testing/real-parsers.ts'

// What one box's flood costs another box at the same door: the p99 of a neighbour that makes one call after another,
// alone and during each flood. The door is this process; flood, neighbour and upstream are others. No disk is in it.

const part = join(import.meta.dirname, 'floods-part.ts')
const start = (...words: readonly (string | number)[]): ChildProcess =>
  spawn(process.execPath, ['-C', 'source', part, ...words.map(String)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })

const upstream = start('upstream')
const [port] = await once(upstream, 'message')
const parsers = await realParsers()
const harness = await openHarness({
  channelTo: parsers.channelTo,
  upstream: `http://127.0.0.1:${port}`,
  manifest: (text) => text.slice(0, text.indexOf('only:  ')).replace('https://api.stripe.com', 'http://localhost'),
})

// A second box of the same function, with listeners of its own.
const [http, https, dns] = [createServer(), createServer(), createSocket('udp4')]
http.listen(0, '127.0.0.1')
https.listen(0, '127.0.0.1')
dns.bind(0, '127.0.0.1')
await Promise.all([http, https, dns].map((socket) => once(socket, 'listening')))
const httpPort = (http.address() as AddressInfo).port // asked at once: the parser takes the listeners away
harness.boxExtras(harness.image, 'box2')
const invocation = invocationOf(harness.image, 'i2')
const exits = harness.attachExits({
  boxId: 'box2',
  functionName: harness.image.name,
  channel: await parsers.channelTo({ http, https, dns, tcp: new Map() }),
  onFault: (fault) => {
    throw new Error(`the parser broke its protocol: ${fault}`)
  },
  current: () => invocation,
})

const neighbour = start('neighbour', httpPort)
await once(neighbour, 'message')
const kinds = [
  'idle connections',
  'new connections',
  'half heads',
  'DNS',
  'refused calls',
  'large bodies',
  'HTTP/2 streams',
  'handshakes',
]

console.log('flood from the other box          p50 ms   p99 ms    × alone (p99)    calls')
let alone = await measured()
tell('none', alone)
for (const kind of kinds) {
  const before = await measured()
  const flood = start(kind, harness.httpPort, harness.httpsPort, harness.dnsPort)
  await once(flood, 'message')
  const during = await measured()
  flood.kill()
  await once(flood, 'exit')
  await harness.endInvocation()
  // The machine is shared: the nearer of the two quiet moments is what it is compared with.
  alone = before
  tell(kind, during)
}
neighbour.kill()
exits.close()
await harness.close()
await parsers.close()
upstream.kill()

interface Figures {
  readonly p50: number
  readonly p99: number
  readonly calls: number
}

async function measured(): Promise<Figures> {
  harness.decisions.length = harness.others.length = harness.lines.length = 0
  const answer = once(neighbour, 'message')
  neighbour.send('measure')
  const [figures] = await answer
  return figures
}

function tell(name: string, { p50, p99, calls }: Figures): void {
  const cells = [p50.toFixed(3), p99.toFixed(2), (p99 / alone.p99).toFixed(2), String(calls)]
  console.log(name.padEnd(30) + cells.map((cell, index) => cell.padStart([10, 9, 17, 9][index] ?? 9)).join(''))
}
