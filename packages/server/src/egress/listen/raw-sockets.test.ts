import { once } from 'node:events'
import { connect as connectTwo } from 'node:http2'
import { connect } from 'node:net'
import { duplexPair } from 'node:stream'
import { connect as tlsConnect } from 'node:tls'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { type Harness, openHarness } from '../testing/harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await openHarness()
})
afterEach(() => harness.close())

const send = async (text: string | Uint8Array): Promise<string> => {
  const socket = connect(harness.httpPort, '127.0.0.1')
  socket.end(text)
  let received = ''
  for await (const chunk of socket) received += String(chunk)
  return received
}

const handshake = async (name: string | undefined): Promise<string> => {
  const socket = tlsConnect({
    host: '127.0.0.1',
    port: harness.httpsPort,
    ca: harness.caPem,
    ...(name === undefined ? {} : { servername: name }),
  })
  const result = await Promise.race([
    once(socket, 'secureConnect').then(() => 'open'),
    once(socket, 'close').then(() => 'closed'),
  ]).catch(() => 'failed')
  socket.destroy()
  return result
}

describe('raw sockets', () => {
  for (const [what, text, code] of [
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      'request.malformed',
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'request.malformed',
    ],
    ['an obsolete line ending', 'POST / HTTP/1.1\nHost: a.example\n\n', 'request.malformed'],
    ['another version', 'GET / HTTP/2.0\r\nHost: a.example\r\n\r\n', 'request.malformed'],
    [
      'chunks in an older version',
      'POST / HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'request.malformed',
    ],
    [
      'an expectation that nobody knows',
      'GET / HTTP/1.1\r\nHost: a.example\r\nExpect: more\r\nConnection: close\r\n\r\n',
      'door.unlisted',
    ],
    [
      'a head that is too large',
      `POST / HTTP/1.1\r\nHost: a.example\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
      'request.header_too_large',
    ],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 'request.malformed'],
    ['two Hosts', 'GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n', 'request.duplicate_header'],
    [
      'a well-formed head, as control',
      'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
      'door.unlisted',
    ],
  ] as const) {
    it(`answers ${what} with ${code}, on record`, async () => {
      expect(await send(text)).toContain(`"code":"${code}"`)
      expect(harness.decisions).toMatchObject([{ effect: 'deny', reasons: [{ code }] }])
    })
  }

  it('speaks another protocol to doors alone, on record', async () => {
    const asked = (host: string): string =>
      `GET /charge HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    expect(await send(asked('evil.example'))).toContain('"code":"door.unlisted"')
    expect(await send(asked('payments.fn.internal'))).toContain('"code":"door.upgrade"')
    expect(harness.decisions).toMatchObject([{ effect: 'deny' }, { effect: 'deny' }])
  })

  it('answers a CONNECT with a refusal, on record', async () => {
    const line = 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n'
    expect(await send(line)).toMatch(/^HTTP\/1\.1 400 .*"code":"request.malformed"/s)
    expect(harness.decisions).toMatchObject([{ effect: 'deny' }])
  })

  it('refuses a method that is longer than any, on record, and its parser is at no fault', async () => {
    const session = connectTwo(`http://127.0.0.1:${harness.httpPort}`)
    const statusOf = async (method: string): Promise<unknown> => {
      const [headers] = await once(session.request({ ':method': method, ':authority': 'a.example' }), 'response')
      return headers[':status']
    }
    expect([await statusOf('GET'), await statusOf('M'.repeat(33))]).toEqual([403, 400])
    session.destroy()
    expect(harness.faults).toEqual([])
    const codes = harness.decisions.map(({ reasons }) => reasons[0]?.code)
    expect(codes).toEqual(['door.unlisted', 'request.malformed'])
  })

  it('ends a stream of HTTP/2 that comes broken, and nothing else', async () => {
    const frame = (type: number, id: number, payload: Uint8Array): Buffer =>
      Buffer.concat([Buffer.from([0, 0, payload.length, type, 4, 0, 0, 0, id]), payload])
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
    const block = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'a'].map((text) =>
      Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]),
    )
    const fields = block.flatMap((text, index) => (index % 2 === 0 ? [Buffer.alloc(1), text] : [text]))
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    const noCredit = frame(8, 1, Buffer.alloc(4)) // a window update of nothing (RFC 9113 §6.9)
    await send(Buffer.concat([preface, settings, frame(1, 1, Buffer.concat(fields)), noCredit]))
    expect(await send('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n')).toContain('door.unlisted')
  })

  it('ends a TLS connection at a record that is none', async () => {
    const socket = connect(harness.httpsPort, '127.0.0.1')
    const [client, wire] = duplexPair()
    socket.pipe(wire).pipe(socket)
    await once(tlsConnect({ socket: client, servername: 'api.stripe.com', ca: harness.caPem }), 'secureConnect')
    socket.unpipe(wire).resume() // the client is told of nothing, and so ends nothing
    socket.write(Buffer.from('1703030004abcdabcd', 'hex'))
    await once(socket, 'close')
  })

  for (const [what, servername] of [
    ['an undeclared name', 'evil.example'],
    ['no name', undefined],
  ] as const) {
    it(`fails a TLS handshake for ${what}, on record; the declared name succeeds`, async () => {
      expect(await handshake('api.stripe.com')).toBe('open')
      expect(await handshake(servername)).toBe('failed')
      await expect
        .poll(() => harness.decisions)
        .toMatchObject([{ effect: 'deny', reasons: [{ code: 'door.unlisted' }] }])
    })
  }
})
