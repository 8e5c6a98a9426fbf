import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'
import { text } from 'node:stream/consumers'

import { afterEach, describe, expect, it } from 'vitest'

import type { Answer } from '../answer.ts'
import type { ListenerHandlers } from '../handlers.ts'
import { createPace } from '../pace.ts'
import { serverTwo } from './http-two.ts'

const endings: (() => unknown)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** A client of HTTP/2, of a server that answers so. */
async function clientOf(answer: Partial<Answer>, idleMs = 30_000): Promise<ClientHttp2Session> {
  const limits = { connections: 8, streams: 8, headerBytes: 16 * 1024, idleMs, dnsPerSecond: 1 }
  const whole = { status: 200, headers: [], body: Buffer.from('ok'), ...answer }
  const asked = { pace: createPace(), onRequest: async () => whole }
  const two = serverTwo('http', limits, asked satisfies Partial<ListenerHandlers> as unknown as ListenerHandlers)
  const server = createServer((socket) => two.emit('connection', socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) // it listens on an address
  endings.push(
    () => server.close(),
    () => session.destroy(),
  )
  return session
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
  })
})
