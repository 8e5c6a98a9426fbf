import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as later } from 'node:timers/promises'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createUpstreams, type Upstreams } from '../upstream.ts'
import type { UpstreamCall } from '../upstream-call.ts'

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

let server: Server
let upstreams: Upstreams
/** What each connection has said, whole. */
let heard: string[]
/** Called with what came at once, and the number of the connection. */
let say: (socket: Socket, came: string, connection: number) => void
beforeEach(async () => {
  heard = []
  say = (socket) => socket.write(ok)
  server = createServer((socket) => {
    const connection = heard.push('') - 1
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      heard[connection] += bytes.toString('latin1')
      say(socket, bytes.toString('latin1'), connection)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  upstreams = createUpstreams(undefined)
})
afterEach(async () => {
  await upstreams.close()
  server.close()
})

async function call(more: Partial<UpstreamCall> = {}): Promise<string> {
  const { port } = server.address() as AddressInfo // it listens on an address, not on a pipe
  const answer = await upstreams
    .call({
      pool: 'p',
      origin: `http://127.0.0.1:${port}`,
      privateUpstream: true,
      method: 'POST',
      target: '/things?a=b',
      headers: [['x-a', '1']],
      body: Buffer.from('hello'),
      timeoutMs: 5_000,
      signal: new AbortController().signal,
      ...more,
    })
    .catch((error: unknown) => error)
  if (answer instanceof Error) return 'code' in answer ? String(answer.code) : answer.message
  const { status, body } = answer as Awaited<ReturnType<Upstreams['call']>>
  if (body instanceof Uint8Array) return `${status} ${Buffer.from(body).toString('latin1')}`
  return readOn(body).then(
    (text) => `${status} streamed ${text}`,
    () => `${status} broken`,
  )
}

/** So many turns of the loop later: what was sent before has been read by then, however busy the machine is. */
function inTurns(turns: number, then: () => void): void {
  setImmediate(() => (turns === 0 ? then() : inTurns(turns - 1, then)))
}

async function readOn(stream: Readable): Promise<string> {
  let text = ''
  for await (const part of stream) text += String(part)
  return text
}

describe('a call', () => {
  it('is one request, and the next one goes by the same connection', async () => {
    expect(await call()).toBe('200 ok')
    const { port } = server.address() as AddressInfo
    const line = `POST /things?a=b HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: keep-alive\r\nx-a: 1\r\n`
    expect(heard).toStrictEqual([`${line}content-length: 5\r\n\r\nhello`])
    expect(await call({ method: 'GET', body: new Uint8Array(), headers: [['Host', 'other']] })).toBe('200 ok')
    expect(heard).toHaveLength(1)
    expect(heard[0]?.endsWith('GET /things?a=b HTTP/1.1\r\nhost: other\r\nconnection: keep-alive\r\n\r\n')).toBe(true)
  })

  it('that comes meanwhile has a connection of its own', async () => {
    expect(await Promise.all([call(), call(), call()])).toStrictEqual(['200 ok', '200 ok', '200 ok'])
    expect(heard).toHaveLength(3)
    await Promise.all([call(), call(), call()])
    expect(heard).toHaveLength(3)
  })

  it.each([
    ['says more than was asked', `${ok}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`, '200 ok'],
    ['says that it closes', ok.replace('content', 'connection: keep-alive, Close\r\ncontent'), '200 ok'],
    ['says that it closes at once', ok.replace('content', 'keep-alive: timeout=1\r\ncontent'), '200 ok'],
    ['speaks HTTP/1.0', ok.replace('1.1', '1.0'), '200 ok'],
    ['has no body and says that it has', 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n', '204 '],
    ['says what can be read in two ways', ok.replace('content', 'content-length: 3\r\ncontent'), 'upstream.malformed'],
  ])('goes by another connection after an answer that %s', async (_, answer, read) => {
    say = (socket, __, connection) => socket.write(connection === 0 ? answer : ok)
    expect(await call()).toBe(read)
    expect(await call()).toBe('200 ok')
    expect(heard).toHaveLength(2)
  })

  it('goes by another connection where the last may have been read otherwise', async () => {
    say = (socket, came) => socket.write(came.startsWith('HEAD') ? ok.slice(0, -2) : ok)
    expect(await call({ method: 'HEAD', body: new Uint8Array() })).toBe('200 ')
    expect(await call({ method: 'GET' })).toBe('200 ok') // with a body, where GET has none
    expect(await call()).toBe('200 ok')
    expect(heard).toHaveLength(3)
  })

  it('does not hear what was said before it was made', async () => {
    const said = Promise.withResolvers<void>()
    say = (socket, _, connection) => {
      socket.write(ok)
      if (connection > 0) return
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'), 20)
      socket.on('close', () => said.resolve())
    }
    expect(await call()).toBe('200 ok')
    await Promise.race([said.promise, later(3_000)])
    expect(await call()).toBe('200 ok')
    expect(heard).toHaveLength(2)
  })

  it('hears its answer after others that nobody asked for', async () => {
    say = (socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok}`)
    expect(await call()).toBe('200 ok')
    expect(await call()).toBe('200 ok')
    expect(heard).toHaveLength(1)
  })

  it('reads a short answer in chunks whole, and what comes later as it comes', async () => {
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n'
    say = (socket) => socket.write(`${head}0\r\n\r\n`)
    expect(await call()).toBe('200 ok')
    say = (socket) => {
      socket.write(head)
      inTurns(3, () => socket.write('1\r\n!\r\n0\r\n\r\n'))
    }
    expect(await call()).toBe('200 streamed ok!')
    expect(heard).toHaveLength(1)
  })

  it('whose answer breaks off has none, or a broken one', async () => {
    say = (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok')
    expect(await call()).toBe('upstream.unreachable')
    say = (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n')
    expect(await call()).toBe('200 broken')
    say = (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nok')
    expect(await call()).toBe('200 streamed ok')
  })

  it('waits so long for its answer, and ends with its signal', async () => {
    say = () => undefined
    expect(await call({ timeoutMs: 30 })).toBe('upstream.timeout')
    const ending = new AbortController()
    const begun = call({ signal: ending.signal })
    setTimeout(() => ending.abort(), 20)
    expect(await begun).toBe('upstream.aborted')
    expect(await call({ signal: ending.signal })).toBe('upstream.aborted')
    expect(heard).toHaveLength(2)
  })

  it('waits no longer for an answer that only promises', async () => {
    say = (socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 25)
      socket.on('close', () => clearInterval(timer))
    }
    expect(await call({ timeoutMs: 150 })).toBe('upstream.timeout')
  })

  it('holds an answer back that is not read, for as long as that takes', async () => {
    const size = 4 * 1024 * 1024
    say = (socket) => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n${'x'.repeat(size)}`)
    const { port } = server.address() as AddressInfo
    const { body } = await upstreams.call({
      pool: 'p',
      origin: `http://127.0.0.1:${port}`,
      privateUpstream: true,
      method: 'GET',
      target: '/',
      headers: [],
      body: new Uint8Array(),
      timeoutMs: 1_500,
      signal: new AbortController().signal,
    })
    if (body instanceof Uint8Array) throw new TypeError('it was to be a stream')
    await later(2_000)
    expect(body.readableLength).toBeLessThan(256 * 1024)
    expect((await readOn(body)).length).toBe(size)
    say = (socket) => socket.write(ok)
    expect(await call()).toBe('200 ok')
    expect(heard).toHaveLength(1)
  })

  it.each([
    ['line', { target: '/a b' }],
    ['method', { method: 'GET /x HTTP/1.1\r\n' }],
    ['name', { headers: [['x-a\r\nx-b', '1']] }],
    ['value', { headers: [['x-a', '1\r\nx-b: 2']] }],
    ['length', { headers: [['content-length', '3']] }],
    ['coding', { headers: [['Transfer-Encoding', 'chunked']] }],
    [
      'host',
      {
        headers: [
          ['host', 'a'],
          ['host', 'b'],
        ],
      },
    ],
  ] as const)('whose %s would be another request is not sent', async (_, more) => {
    expect(await call(more)).toBe('upstream.unwritable')
    expect(heard.join('')).toBe('')
  })
})

describe('a body that streams', () => {
  it('goes out in chunks', async () => {
    say = (socket, came) => void (came.endsWith('0\r\n\r\n') && socket.write(ok))
    const body = new PassThrough()
    body.write('hello ')
    setTimeout(() => body.end('you'), 20)
    expect(await call({ body })).toBe('200 ok')
    expect(heard[0]?.split('\r\n\r\n', 2)[0]?.endsWith('transfer-encoding: chunked')).toBe(true)
    expect(heard[0]?.endsWith('\r\n\r\n6\r\nhello \r\n3\r\nyou\r\n0\r\n\r\n')).toBe(true)
    say = (socket) => socket.write(ok)
    expect(await call()).toBe('200 ok')
    expect(heard).toHaveLength(1)
  })

  it('has no chunk of nothing before its end: that would be its last', async () => {
    say = (socket, came) => void (came.endsWith('0\r\n\r\n') && socket.write(ok))
    const body = Readable.from(['hello', '', 'you'].map((text) => Buffer.from(text)))
    expect(await call({ body })).toBe('200 ok')
    expect(heard[0]?.split('\r\n\r\n')[1]).toBe('5\r\nhello\r\n3\r\nyou\r\n0')
  })

  it('that breaks never looks whole, and ends its connection', async () => {
    const body = new PassThrough()
    body.write('hello')
    say = () => void (heard[0]?.endsWith('5\r\nhello\r\n') && body.destroy(new Error('broken')))
    expect(await call({ body })).toBe('upstream.unreachable')
    await later(20)
    expect(heard[0]?.endsWith('5\r\nhello\r\n')).toBe(true)
  })

  it('is not read on once the answer has come, and nothing follows it', async () => {
    const body = new PassThrough()
    body.write('hello')
    expect(await call({ body })).toBe('200 ok')
    expect(body.destroyed).toBe(true)
    expect(await call()).toBe('200 ok')
    expect(heard).toHaveLength(2)
  })
})
