// One part of the floods: floods-part.ts upstream, neighbour PORT, or floods-part.ts KIND HTTP HTTPS DNS
import { createSocket } from 'node:dgram'
import { Agent, createServer, request } from 'node:http'
import { connect as connectTwo } from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'

const [kind = '', ...numbers] = process.argv.slice(2)
const [http = 0, https = 0, dns = 0] = numbers.map(Number)
const measureMs = 4_000

/** Keeps so many of something open or under way, and begins another whenever one ends. */
function keep(count: number, begin: (again: () => void) => void): void {
  const again = (): void => void setImmediate(() => begin(again))
  for (let index = 0; index < count; index++) begin(again)
}

function open(again: () => void, text = ''): Socket {
  const socket = connect(http, '127.0.0.1', () => socket.write(text))
  return socket
    .on('error', () => undefined)
    .on('close', again)
    .resume()
}

function call(path: string, body: Buffer, agent: Agent, again: () => void): void {
  const headers = { host: 'localhost', 'content-type': 'application/json', 'content-length': body.length }
  const message = request({ host: '127.0.0.1', port: http, method: 'POST', path, agent, headers }, (response) =>
    response.resume().on('close', again),
  )
  message.on('error', again).end(body)
}

const floods: Readonly<Record<string, () => void>> = {
  'idle connections': () => keep(1_200, (again) => open(() => setTimeout(again, 100))),
  'new connections': () =>
    keep(64, (again) =>
      open(again).on('connect', function (this: Socket) {
        this.destroy()
      }),
    ),
  'half heads': () => keep(60, (again) => open(again, `POST / HTTP/1.1\r\nHost: localhost\r\nx: ${'a'.repeat(8_000)}`)),
  DNS: () => {
    const socket = createSocket('udp4')
    const name = Buffer.from('000101000001000000000000026e31076578616d706c650000010001', 'hex')
    setInterval(() => {
      for (let index = 0; index < 200; index++) socket.send(name, dns, '127.0.0.1')
    }, 5)
  },
  'refused calls': () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 32 })
    keep(32, (again) => call('/v1/nothing', Buffer.from('{}'), agent, again))
  },
  'large bodies': () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    keep(16, (again) => call('/v1/payment_intents', Buffer.alloc(4 * 1024 * 1024, 'a'), agent, again))
  },
  'HTTP/2 streams': () => {
    const session = connectTwo(`http://127.0.0.1:${http}`)
    session.on('error', () => undefined)
    keep(64, (again) => {
      const stream = session.request({ ':method': 'POST', ':path': '/v1/nothing', ':authority': 'localhost' })
      stream
        .on('error', () => undefined)
        .on('close', again)
        .resume()
        .end('{}')
    })
  },
  handshakes: () =>
    keep(16, (again) => {
      const socket = tlsConnect({
        host: '127.0.0.1',
        port: https,
        servername: 'evil.example',
        rejectUnauthorized: false,
      })
      socket.on('error', () => undefined).on('close', again)
    }),
}

if (kind === 'upstream') {
  const server = createServer((message, response) => {
    message.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{"id":"pi_1"}'))
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port)) // an address, not a pipe
} else if (kind === 'neighbour') {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const body = Buffer.from('amount=100&currency=chf')
  const oneCall = (): Promise<void> => new Promise((resolve) => call('/v1/payment_intents', body, agent, resolve))
  for (let index = 0; index < 500; index++) await oneCall()
  process.on('message', () => {
    void (async () => {
      const times: number[] = []
      for (const end = performance.now() + measureMs; performance.now() < end;) {
        const start = performance.now()
        await oneCall()
        times.push(performance.now() - start)
      }
      times.sort((a, b) => a - b)
      const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN
      process.send?.({ p50: at(0.5), p99: at(0.99), calls: times.length })
    })()
  })
} else {
  const flood = floods[kind]
  if (flood === undefined) throw new TypeError(`no flood ${kind}`)
  flood()
  await new Promise((resolve) => setTimeout(resolve, 500))
}
if (kind !== 'upstream') process.send?.('ready')
