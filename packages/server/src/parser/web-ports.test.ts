import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

import { afterEach, expect, it } from 'vitest'

import type { ListenerHandlers } from './handlers.ts'
import { serveBox } from './listener.ts'
import { createPace } from './pace.ts'

const endings: (() => unknown)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** What comes of the bytes that a box sends to a further port, of which this is known. */
async function toldOf(bytes: string | Buffer, webPorts?: readonly number[], idleMs = 60_000): Promise<string> {
  const [http, https, port] = [createServer(), createServer(), createServer()] as const
  const heard = Promise.withResolvers<string>()
  const limits = { connections: 8, streams: 8, headerBytes: 16_384, idleMs, dnsPerSecond: 8 }
  const handlers: Partial<ListenerHandlers> = {
    pace: createPace(),
    onRequest: ({ scheme, rawHeaders }) => {
      heard.resolve(`${scheme} ${rawHeaders[1]}`)
      return new Promise(() => undefined)
    },
    doorOf: async (name) => {
      heard.resolve(`https ${name}`)
      return { kind: 'none' }
    },
    onUndeclaredName: () => undefined,
    onPort: (_, at) => heard.resolve(`tcp ${at}`),
  }
  const box = serveBox(
    { http, https, tcp: new Map([[9200, port]]) },
    { ...limits, ...(webPorts === undefined ? {} : { webPorts }) },
    handlers as ListenerHandlers, // no other is asked
  )
  await once(port.listen(0, '127.0.0.1'), 'listening')
  const client: Socket = connect((port.address() as AddressInfo).port, '127.0.0.1') // it listens on an address
  client.on('error', () => undefined).once('close', () => heard.resolve('closed'))
  client.write(bytes)
  endings.push(
    () => client.destroy(),
    () => box.dropAll(),
    () => port.close(),
  )
  return heard.promise
}

const request = 'GET / HTTP/1.1\r\nHost: search.internal:9200\r\n\r\n'
const serverName = Buffer.from('search.internal')
const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255])
const counted = (bytes: Buffer): Buffer => Buffer.concat([uint16(bytes.length), bytes])

/** A handshake that begins, with its server name (RFC 8446 §4.1.2, RFC 6066 §3). */
function hello(): Buffer {
  const names = counted(counted(Buffer.concat([Buffer.from([0]), counted(serverName)])))
  const extensions = counted(Buffer.concat([uint16(0), names]))
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(33),
    counted(uint16(0x1301)),
    Buffer.from([1, 0]),
    extensions,
  ])
  const handshake = Buffer.concat([Buffer.from([1, 0]), counted(body)])
  return Buffer.concat([Buffer.from([0x16, 3, 1]), counted(handshake)])
}

it('a further port on which HTTP is spoken is read, plain and within TLS', async () => {
  expect(await toldOf(request, [9200])).toBe('http search.internal:9200')
  expect(await toldOf(hello(), [9200])).toBe('https search.internal')
})

it('on any other nothing is read, whatever it begins with', async () => {
  for (const bytes of [request, hello()]) {
    expect(await toldOf(bytes)).toBe('tcp 9200')
    expect(await toldOf(bytes, [9201])).toBe('tcp 9200')
  }
})

it('who says nothing there holds no connection', async () => {
  expect(await toldOf('', [9200], 20)).toBe('closed')
})
