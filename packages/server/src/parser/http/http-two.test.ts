import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { type AddressInfo, connect as dial, createServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'

import { afterEach, describe, expect, it } from 'vitest'

import type { Answer } from '../answer.ts'
import type { ListenerHandlers } from '../handlers.ts'
import { createPace } from '../pace.ts'
import { serverTwo } from './http-two.ts'

const endings: (() => unknown)[] = []
/** The limits that were told to be met. */
const limitsMet: string[] = []
afterEach(() => {
  limitsMet.length = 0
  for (const end of endings.splice(0)) end()
})

/** The port of a server that answers so. */
async function portOf(answer: Partial<Answer>, idleMs: number): Promise<number> {
  const limits = { connections: 8, streams: 8, headerBytes: 16 * 1024, idleMs, dnsPerSecond: 1 }
  const whole = { status: 200, headers: [], body: Buffer.from('ok'), ...answer }
  const onLimit = (code: string): void => void limitsMet.push(code)
  const asked = { pace: createPace(), onRequest: async () => whole, onLimit }
  const two = serverTwo('http', limits, asked satisfies Partial<ListenerHandlers> as unknown as ListenerHandlers)
  const server = createServer((socket) => two.emit('connection', socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  endings.push(() => server.close())
  return (server.address() as AddressInfo).port // it listens on an address
}

/** A client of HTTP/2, of a server that answers so. */
async function clientOf(answer: Partial<Answer>, idleMs = 30_000, settings: object = {}): Promise<ClientHttp2Session> {
  const session = connect(`http://127.0.0.1:${await portOf(answer, idleMs)}`, { settings })
  endings.push(() => session.destroy())
  return session
}

/** A connection on which these frames were said after the preface. */
async function saying(idleMs: number, frames: string): Promise<Socket> {
  const socket = dial(await portOf({}, idleMs), '127.0.0.1')
  endings.push(() => socket.destroy())
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.write(Buffer.from(frames, 'hex'))
  return socket.resume()
}

/** What a client of HTTP/2 is told, where this is the answer. */
async function told(answer: Partial<Answer>): Promise<object> {
  const session = await clientOf(answer)
  const stream = session.request()
  let trailers = {}
  stream.on('trailers', (given) => (trailers = { ...given }))
  const [headers] = await once(stream, 'response')
  return { headers: { ...headers }, body: await text(stream), trailers }
}

describe('an answer by HTTP/2', () => {
  it('has fields that come twice joined, and none of a connection', async () => {
    const headers = [
      ['ETag', 'a'],
      ['etag', 'b'],
      ['http2-settings', 'c'],
      [':status', '500'],
    ] as const
    const answered = await told({ headers, trailers: () => headers })
    expect(answered).toMatchObject({
      headers: { ':status': 200, etag: 'a, b' },
      body: 'ok',
      trailers: { etag: 'a, b' },
    })
    expect(answered).not.toHaveProperty(['headers', 'http2-settings'])
  })

  it('has a status that HTTP/2 knows', async () => {
    expect(await told({ status: 999 })).toMatchObject({ headers: { ':status': 502 }, body: 'ok' })
  })
})

describe('a session of HTTP/2', () => {
  it('on which nothing is said is closed', async () => {
    const session = await clientOf({}, 20)
    await once(session, 'close')
    expect(limitsMet).toEqual([])
  })

  it('whose head has no end is closed, and told', async () => {
    // Settings; a head of one field that says nothing of being whole. It must have come before the session is idle.
    const socket = await saying(1_000, '00000004000000000000000101000000000182')
    await once(socket, 'close')
    expect(limitsMet).toEqual(['exit.too_slow'])
  })

  it('that had a head that is none is closed, and no head is told to be late', async () => {
    // Settings; a whole head with a field whose name is "X".
    const socket = await saying(20, '00000004000000000000000b0105000000018284864101610001580161')
    await once(socket, 'close')
    expect(limitsMet).toEqual([])
  })

  it('that lets no byte of an answer come is closed, and told', async () => {
    const session = await clientOf({}, 20, { initialWindowSize: 0 })
    const stream = session.request()
    stream.on('error', () => undefined)
    await once(session, 'close')
    expect(limitsMet).toEqual(['exit.unread'])
  })

  it('waits for an answer that takes its time', async () => {
    const body = new PassThrough()
    const session = await clientOf({ body }, 60)
    const stream = session.request()
    await once(stream, 'response')
    let idleTimes = 0
    const timer = setInterval(() => (++idleTimes === 4 ? body.end('late') : undefined), 60)
    endings.push(() => clearInterval(timer))
    expect(await text(stream)).toBe('late')
    expect(limitsMet).toEqual([])
  })

  for (const body of ['ok', '']) {
    it(`has no stream left whose answer has gone ('${body}'), though its request has no end`, async () => {
      const session = await clientOf({ body: Buffer.from(body) })
      const stream = session.request({ ':method': 'POST' })
      expect(await text(stream)).toBe(body)
      await once(stream, 'close')
    })
  }
})
