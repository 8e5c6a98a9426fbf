import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as tlsConnect } from 'node:tls'

import { describe, expect, it } from 'vitest'

import type { EgressRooms } from '../rooms.ts'
import { endings, listen, open } from '../testing/endings.ts'
import { type Harness, realKey } from '../testing/harness.ts'

describe('a WebSocket', () => {
  const key = 'dGhlIHNhbXBsZSBub25jZQ==' // the sample of RFC 6455 §1.3
  const accept = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

  function upstreamOf(said: string[], answerWith: string): ReturnType<typeof createServer> {
    const server = createServer((_, response) => response.writeHead(426).end('no'))
    server.on('upgrade', (message, socket) => {
      said.push(JSON.stringify(message.headers))
      socket.on('error', () => undefined)
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${answerWith}\r\n\r\n`,
      )
      socket.on('data', (part) => {
        said.push(String(part))
        socket.write(`echo ${String(part)} ${realKey}`)
      })
      socket.on('end', () => socket.end())
      endings.push(() => socket.destroy())
    })
    endings.push(() => server.close())
    return server
  }

  async function openFeed(
    origin: string,
    {
      more = '',
      asked = key,
      protocol = 'Sec-WebSocket-Protocol: chat\r\n',
      rooms = {},
    }: {
      readonly more?: string
      readonly asked?: string
      readonly protocol?: string
      readonly rooms?: Partial<EgressRooms>
    } = {},
  ): Promise<{ harness: Harness; socket: ReturnType<typeof tlsConnect> }> {
    const harness = await open(origin, { charge: `{ request: GET /v1/feed${more} }`, rooms })
    const socket = tlsConnect({
      host: '127.0.0.1',
      port: harness.httpsPort,
      servername: 'api.stripe.com',
      ca: harness.caPem,
    })
    socket.on('error', () => undefined)
    endings.push(() => socket.destroy())
    socket.write(
      'GET /v1/feed HTTP/1.1\r\nHost: api.stripe.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${asked}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n` +
        `${protocol}Authorization: mine\r\n\r\n`,
    )
    return { harness, socket }
  }

  const until = async (socket: ReturnType<typeof tlsConnect>, wanted: string): Promise<string> => {
    let received = ''
    for await (const part of socket) {
      received += String(part)
      if (received.includes(wanted)) break
    }
    return received
  }

  it('opens as the GET that it is, with what the door adds, and relays what follows', async () => {
    const said: string[] = []
    const { harness, socket } = await openFeed(
      await listen(upstreamOf(said, `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: chat`)),
    )
    const parts: string[] = []
    socket.on('data', (part) => parts.push(String(part)))
    await expect.poll(() => parts.join('')).toContain('\r\n\r\n')
    expect(parts.join('')).toMatch(/^HTTP\/1\.1 101 /)
    expect(parts.join('').toLowerCase()).toContain('sec-websocket-protocol: chat')
    const [head = ''] = said
    expect(JSON.parse(head)).toMatchObject({ authorization: `Bearer ${realKey}`, 'sec-websocket-key': key })
    expect(head).not.toContain('permessage-deflate')
    parts.length = 0
    socket.write('hello')
    await expect.poll(() => parts.join('')).toBe(`echo hello ${'*'.repeat(realKey.length)}`)
    expect(harness.decisions).toMatchObject([
      { effect: 'allow', asked: [{ resource: expect.stringContaining('stripe/charge') }] },
    ])
    expect(harness.others).toEqual([])
    socket.end()
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'done', status: 101, sentBytes: 5 }])
  })

  it('asks for no protocol where the function asks for none', async () => {
    const said: string[] = []
    const upstream = await listen(upstreamOf(said, `Sec-WebSocket-Accept: ${accept}`))
    const { socket } = await openFeed(upstream, { protocol: '' })
    expect(await until(socket, '\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /)
    expect(said).toMatchObject([expect.not.stringContaining('sec-websocket-protocol')])
  })

  for (const [how, end] of [
    ['the invocation', (harness: Harness) => harness.endInvocation()],
    ['a revocation', (harness: Harness) => harness.revoke()],
  ] as const) {
    it(`ends with ${how}, upstream too`, async () => {
      const said: string[] = []
      const { harness, socket } = await openFeed(await listen(upstreamOf(said, `Sec-WebSocket-Accept: ${accept}`)))
      socket.resume()
      await expect.poll(() => said).toHaveLength(1)
      socket.write('x')
      await expect.poll(() => said).toHaveLength(2)
      await end(harness)
      await once(socket, 'close')
      await expect.poll(() => harness.others).toMatchObject([{ outcome: 'aborted' }])
    })
  }

  it('is none when the upstream answers as to another key, or will not switch', async () => {
    const wrong = await openFeed(await listen(upstreamOf([], 'Sec-WebSocket-Accept: AAAA')))
    expect(await until(wrong.socket, '}')).toContain('upstream.bad_upgrade')
    const plain = createServer((_, response) => response.writeHead(426, { 'x-why': 'no' }).end('none here'))
    endings.push(
      () => plain.closeAllConnections(),
      () => plain.close(),
    )
    const answered = await openFeed(await listen(plain))
    expect(await until(answered.socket, 'none here')).toMatch(/^HTTP\/1\.1 426 /)
  })

  it('is none when the upstream would speak by an extension that nobody asked for', async () => {
    const extended = `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Extensions: permessage-deflate`
    const { socket } = await openFeed(await listen(upstreamOf([], extended)))
    expect(await until(socket, '}')).toContain('upstream.bad_upgrade')
  })

  it('brings into the box no header but those of its opening', async () => {
    const more = `Sec-WebSocket-Accept: ${accept}\r\nX-Upstream: inner-1`
    const { socket } = await openFeed(await listen(upstreamOf([], more)))
    const head = (await until(socket, '\r\n\r\n')).toLowerCase()
    expect(head).toContain('sec-websocket-accept: ')
    expect(head).not.toContain('inner-1')
  })

  it('is none where the door breaks before it is open', async () => {
    const record = (): Promise<never> => Promise.reject(new Error('disk full'))
    const { socket } = await openFeed('http://127.0.0.1:9', { rooms: { record } })
    const said = await until(socket, '}')
    expect(said).toContain('exit.error')
    expect(said).not.toContain('disk full')
  })

  it('is refused whose opening is none (RFC 6455 §4.1)', async () => {
    const { harness, socket } = await openFeed('http://127.0.0.1:9', { asked: 'dG9vIHNob3J0' })
    expect(await until(socket, '}')).toContain('request.malformed')
    expect(harness.decisions).toMatchObject([{ effect: 'deny' }])
  })

  it('is refused where only a part of the answer may pass, and where no operation is a GET', async () => {
    const { harness, socket } = await openFeed('http://127.0.0.1:9', { more: ', returns: { fields: [id] }' })
    expect(await until(socket, '}')).toContain('door.upgrade')
    expect(harness.decisions).toMatchObject([{ effect: 'deny' }])
  })
})
