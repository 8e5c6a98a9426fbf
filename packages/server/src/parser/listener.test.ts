import { once } from 'node:events'
import { connect as connectTwo } from 'node:http2'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext } from 'node:tls'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Answer } from './answer.ts'
import type { NamedDoor } from './handlers.ts'
import type { Incoming } from './http/incoming.ts'
import { type BoxSockets, serveBox } from './listener.ts'

const limits = { connections: 8, streams: 8, headerBytes: 16_384, idleMs: 60_000, dnsPerSecond: 8 }
const refusal: Answer = { status: 403, headers: [['content-length', '0']], body: new Uint8Array() }

let listeners: Record<'http' | 'https' | 'port', Server>
let box: BoxSockets
let accepted: Socket[]
let clients: { destroy(): unknown }[]
/** What the server was told and asked. */
let told: {
  requests: string[]
  limits: string[]
  malformed: string[]
  names: string[]
  opaque: string[]
  ports: number[]
}
let answer: (incoming: Incoming) => Promise<Answer>
let door: Promise<NamedDoor>
/** The answer to what is no request. */
let malformed: Promise<Answer>
/** Those who wait for their turn; nobody waits where it is undefined. */
let waiting: (() => void)[] | undefined

beforeEach(async () => {
  ;[accepted, clients, waiting] = [[], [], undefined]
  told = { requests: [], limits: [], malformed: [], names: [], opaque: [], ports: [] }
  answer = () => Promise.resolve(refusal)
  door = Promise.resolve({ kind: 'none' })
  malformed = Promise.resolve(refusal)
  listeners = { http: createServer(), https: createServer(), port: createServer() }
  box = serveBox({ http: listeners.http, https: listeners.https, tcp: new Map([[5432, listeners.port]]) }, limits, {
    onRequest: (incoming) => {
      told.requests.push(incoming.method)
      return answer(incoming)
    },
    onUpgrade: (incoming) => {
      told.requests.push('upgrade')
      return answer(incoming)
    },
    onMalformed: (code) => {
      told.malformed.push(code)
      return malformed
    },
    onUndeclaredName: (name) => void told.names.push(name),
    onLimit: (code) => void told.limits.push(code),
    pace: {
      now: () => waiting === undefined,
      later: () => new Promise((go) => waiting?.push(go)),
      release: () => undefined,
    },
    doorOf: (name) => {
      told.requests.push(`the door ${name}`)
      return door
    },
    onOpaque: (_, name) => void told.opaque.push(name),
    onPort: (_, port) => void told.ports.push(port),
  })
  for (const server of Object.values(listeners)) {
    server.on('connection', (socket) => accepted.push(socket))
    await once(server.listen(0, '127.0.0.1'), 'listening')
  }
})
afterEach(() => {
  vi.useRealTimers()
  for (const client of clients) client.destroy()
  box.dropAll()
  for (const server of Object.values(listeners)) server.close()
})

function portOf(which: keyof typeof listeners): number {
  return (listeners[which].address() as AddressInfo).port // it listens on an address
}

/** A connection of the box's, on which it says this. */
function dial(which: keyof typeof listeners, said = ''): { readonly socket: Socket; heard: string } {
  const socket = connect(portOf(which), '127.0.0.1')
  const client = { socket, heard: '' }
  clients.push(socket)
  socket.on('error', () => undefined).on('data', (bytes: Buffer) => (client.heard += bytes.toString('latin1')))
  socket.write(said)
  return client
}

function handshake(servername: string): Socket {
  const socket = connectTls({ port: portOf('https'), host: '127.0.0.1', servername, rejectUnauthorized: false })
  clients.push(socket)
  return socket.on('error', () => undefined)
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

const head = 'GET / HTTP/1.1\r\nHost: a.example\r\n'

describe('HTTP/1.1 of a box', () => {
  it('is answered where a request in chunks was all that there was to say, and ends', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    answer = () => promise
    const client = dial('http', 'POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
    client.socket.end()
    await until(() => told.requests.length > 0 && accepted[0]?.readableEnded === true)
    resolve(refusal)
    await until(() => client.socket.closed)
    expect(client.heard).toMatch(/^HTTP\/1\.1 403 /)
  })

  it('is one request after the other: a second before the answer ends both', async () => {
    answer = () => new Promise(() => undefined)
    const { socket } = dial('http', `${head}\r\n${head}\r\n`)
    await until(() => socket.destroyed || told.requests.length > 1)
    expect([told.requests, told.limits]).toEqual([[], ['exit.pipelined']])
  })

  it('switches to WebSocket and to nothing else', async () => {
    dial('http', `${head}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`)
    await until(() => told.requests.length > 0)
    dial('http', `${head}Connection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n`)
    await until(() => told.requests.length > 1)
    expect(told.requests).toEqual(['GET', 'upgrade'])
  })

  it('that is no request is told', async () => {
    const { socket } = dial('http', `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`)
    await until(() => socket.destroyed)
    expect(told.malformed).toEqual(['request.malformed'])
  })

  it('that is no request is told once, however much more comes', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    malformed = promise
    const faulty = `${head}Content-Length: none\r\n\r\n`
    const client = dial('http', faulty)
    await until(() => told.malformed.length > 0)
    const said = Buffer.from('more')
    for (const after of [1, 2, 3]) {
      client.socket.write(said)
      await until(() => (accepted[0]?.bytesRead ?? 0) >= faulty.length + after * said.length)
    }
    resolve(refusal)
    await until(() => client.heard !== '')
    expect(told.malformed).toEqual(['request.malformed'])
  })

  it('of the older version has no chunks', async () => {
    const { socket } = dial('http', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')
    await until(() => socket.destroyed)
    expect([told.malformed, told.requests]).toEqual([['request.malformed'], []])
  })

  it('that expects what nobody knows is a request like others', async () => {
    const client = dial('http', `${head}Expect: wonders\r\n\r\n`)
    await until(() => client.heard.includes('\r\n\r\n'))
    expect(told.requests).toEqual(['GET'])
  })

  it('that asks for a tunnel is told, and is none', async () => {
    const { socket } = dial('http', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n')
    await until(() => socket.destroyed)
    expect(told.requests).toEqual(['CONNECT'])
  })

  it('ends with an answer before the end of a body', async () => {
    const client = dial('http', `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000\r\n\r\npart`)
    await until(() => client.heard.includes('\r\n\r\n'))
    expect(client.heard.toLowerCase()).toContain('connection: close')
    const whole = dial('http', `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nbody`)
    await until(() => whole.heard.includes('\r\n\r\n'))
    expect(whole.heard.toLowerCase()).toContain('connection: keep-alive')
  })
})

describe('HTTP/2 of a box', () => {
  it('has so many headers in a request', async () => {
    const session = connectTwo(`http://127.0.0.1:${portOf('http')}`)
    clients.push(session.on('error', () => undefined))
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${index}`, '1']))
    const stream = session.request(many).on('error', () => undefined)
    await until(() => stream.destroyed || told.requests.length > 0)
    expect(told.requests).toEqual([])
    session.request({ 'x-1': '1' }).on('error', () => undefined)
    await until(() => told.requests.length > 0)
  })

  it('opens no tunnels', async () => {
    const session = connectTwo(`http://127.0.0.1:${portOf('http')}`)
    clients.push(session.on('error', () => undefined))
    await once(session, 'remoteSettings')
    expect([session.remoteSettings.enableConnectProtocol, session.remoteSettings.maxConcurrentStreams]).toEqual([
      false,
      limits.streams,
    ])
  })

  it('that is no frame is told', async () => {
    const { socket } = dial('http', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    socket.write(Buffer.from('00000004000000000000000100000000000000', 'hex')) // settings, then data of no stream
    await until(() => socket.destroyed)
    expect(told.malformed).toEqual(['request.malformed'])
  })
})

describe('a connection of a box', () => {
  it('waits for its turn', async () => {
    waiting = []
    dial('http', `${head}\r\n`)
    await until(() => waiting?.length === 1 || told.requests.length > 0)
    expect(told.requests).toEqual([])
    waiting[0]?.()
    await until(() => told.requests.length > 0)
  })

  it('that was closed while it waited for its turn has none', async () => {
    waiting = []
    dial('port')
    await until(() => waiting?.length === 1)
    box.dropAll()
    waiting[0]?.()
    await new Promise((resolve) => setImmediate(resolve))
    expect(told.ports).toEqual([])
  })

  it('is closed with the invocation', async () => {
    dial('http', `${head}\r\n`)
    await until(() => told.requests.length > 0)
    box.dropAll()
    expect(accepted.map(({ destroyed }) => destroyed)).toEqual([true])
  })

  it('on which nothing is said is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    for (const which of ['http', 'https'] as const) dial(which)
    await until(() => accepted.length > 1)
    vi.advanceTimersByTime(4_000)
    expect(accepted.map(({ destroyed }) => destroyed)).toEqual([false, false])
    vi.advanceTimersByTime(limits.idleMs)
    expect(accepted.map(({ destroyed }) => destroyed)).toEqual([true, true])
    expect(told.limits).toEqual([])
  })
})

describe('a TLS handshake of a box', () => {
  it('for a door that is looked into is passed on by nobody', async () => {
    door = Promise.resolve({ kind: 'leaf', context: createSecureContext() })
    const socket = handshake('a.example')
    await until(() => socket.destroyed || told.opaque.length > 0)
    expect(told.opaque).toEqual([])
  })

  it('for an opaque door is passed on', async () => {
    door = Promise.resolve({ kind: 'opaque' })
    handshake('a.example')
    await until(() => told.opaque.length > 0)
    expect(told.opaque).toEqual(['a.example'])
  })

  it('that was closed while its door was looked for is passed on by nobody', async () => {
    const { promise, resolve } = Promise.withResolvers<NamedDoor>()
    door = promise
    handshake('a.example')
    await until(() => told.requests.length > 0)
    box.dropAll()
    resolve({ kind: 'opaque' })
    await new Promise((done) => setImmediate(done))
    expect(told.opaque).toEqual([])
  })

  it('for a name that no door has is told by that name', async () => {
    const socket = handshake('Evil.example')
    await until(() => socket.destroyed)
    expect(told.names).toEqual(['evil.example'])
  })

  it('that is none is told too', async () => {
    const { socket } = dial('https', `${head}\r\n`)
    await until(() => socket.destroyed)
    expect(told.names).toEqual([''])
  })
})
