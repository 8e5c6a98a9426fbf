import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import { connect as connectTwo, createServer as createTwo, type ClientHttp2Session } from 'node:http2'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { connect as tlsConnect } from 'node:tls'

import { describe, expect, it } from 'vitest'

import { edited } from '../../../../manifest/src/testing/example.ts'
import { endings, listen, open } from '../testing/endings.ts'
import { type Harness, openHarness, realKey } from '../testing/harness.ts'
import { sessionTwo } from '../testing/session-two.ts'

/** One request of HTTP/2, with its whole answer. */
async function ask(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body = '',
): Promise<{ status: number; body: string; trailers: object; headers: object }> {
  const stream = session.request({ ':method': 'POST', ':path': '/v1/payment_intents', ...headers })
  let trailers = {}
  stream.on('trailers', (given) => (trailers = given))
  stream.end(body)
  const [answered] = await once(stream, 'response')
  return { status: Number(answered[':status']), headers: answered, body: await text(stream), trailers }
}

function sessionOf(harness: Harness): ClientHttp2Session {
  const session = sessionTwo(harness)
  session.on('error', () => undefined) // the box's end of a connection that the door ended
  endings.push(() => session.destroy())
  return session
}

describe('HTTP/2', () => {
  async function upstreamTwo(): Promise<{ origin: string; seen: { headers: object; body: string }[] }> {
    const seen: { headers: object; body: string }[] = []
    const server = createTwo()
    server.on('stream', (stream, headers) => {
      void text(stream).then((body) => {
        seen.push({ headers, body })
        stream.respond({ ':status': 200, 'content-type': 'text/plain' }, { waitForTrailers: true })
        stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'set-cookie': 'a' }))
        return stream.end(`got ${body}`)
      })
    })
    endings.push(() => server.close())
    return { origin: await listen(server), seen }
  }

  it('is spoken by ALPN toward the function and by prior knowledge upstream, trailers and all', async () => {
    const upstream = await upstreamTwo()
    const harness = await open(upstream.origin)
    const session = sessionOf(harness)
    const answered = await ask(
      session,
      { authorization: 'mine', te: 'trailers', 'content-type': 'application/grpc' },
      'hello',
    )
    expect(answered).toMatchObject({ status: 200, body: 'got hello', trailers: { 'grpc-status': '0' } })
    expect(answered.trailers).not.toHaveProperty('set-cookie')
    expect(upstream.seen).toMatchObject([
      {
        body: 'hello',
        headers: { authorization: `Bearer ${realKey}`, te: 'trailers', 'content-type': 'application/grpc' },
      },
    ])
    expect(harness.decisions).toMatchObject([{ effect: 'allow', transaction: 't1' }])
  })

  it('is spoken by prior knowledge on port 80 as well, and many requests share a connection', async () => {
    const upstream = await upstreamTwo()
    const harness = await openHarness({
      manifest: (manifest) =>
        edited(
          'to: https://api.postmarkapp.com',
          'to: http://127.0.0.1',
          edited(
            'https://api.stripe.com',
            'http://localhost',
            edited(
              '${STRIPE_UPSTREAM:-http://127.0.0.1:8481}',
              upstream.origin,
              manifest.slice(0, manifest.indexOf('only:  ')),
            ),
          ),
        ),
    })
    endings.push(() => harness.close())
    const session = connectTwo(`http://127.0.0.1:${harness.httpPort}`)
    endings.push(() => session.destroy())
    const each = Array.from({ length: 20 }, (_, index) => ask(session, { ':authority': 'localhost' }, String(index)))
    expect((await Promise.all(each)).map(({ body }) => body)).toEqual(each.map((_, index) => `got ${index}`))
    expect(harness.decisions).toHaveLength(20)
  })

  it('is spoken toward the function also where the upstream speaks HTTP/1.1 only', async () => {
    const server = createServer((message, response) => {
      void text(message).then((body) => response.setHeader('connection', 'keep-alive').end(`got ${body}`))
    })
    endings.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const harness = await open(await listen(server))
    const session = sessionOf(harness)
    expect(await ask(session, {}, 'hello')).toMatchObject({ status: 200, body: 'got hello' })
    expect(await ask(session, {}, 'again')).toMatchObject({ status: 200, body: 'got again' })
  })

  it('is refused where another authority or host is named, on record', async () => {
    const harness = await open('http://127.0.0.1:9')
    const session = sessionOf(harness)
    expect(await ask(session, { ':authority': 'api.postmarkapp.com' })).toMatchObject({ status: 403 })
    expect(await ask(session, { ':authority': 'api.stripe.com', host: 'evil.example' })).toMatchObject({ status: 400 })
    expect(await ask(session, { ':path': '/v1/../x' })).toMatchObject({ status: 403 })
    expect(harness.decisions.map(({ reasons }) => reasons[0]?.code)).toEqual([
      'door.host_mismatch',
      'request.duplicate_header',
      'door.path',
    ])
  })

  it('has so many requests of one box under way, and no more', async () => {
    const server = createServer(() => undefined)
    endings.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const harness = await open(await listen(server), { rooms: { limits: { requests: 3 } } })
    const session = sessionOf(harness)
    const each = Array.from({ length: 5 }, () => ask(session, {}).catch(() => 'ended'))
    const refused = await Promise.race(each)
    expect(refused).toMatchObject({ status: 429, body: expect.stringContaining('exit.too_many') })
    await expect.poll(() => harness.decisions).toHaveLength(4) // of the two that are too many, the first
  })

  it('ends with the invocation: no stream goes on into the next one', async () => {
    let reached = 0
    const server = createServer(() => (reached += 1))
    endings.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const harness = await open(await listen(server)) // which speaks HTTP/1.1 only
    const stream = sessionOf(harness).request({ ':method': 'POST', ':path': '/v1/payment_intents' })
    stream.on('error', () => undefined)
    stream.end('x')
    await expect.poll(() => reached).toBe(1)
    await harness.endInvocation()
    await once(stream, 'close')
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'aborted' }])
  })
})

/** A request of HTTP/1.1 through TLS, its answer still to be read. */
async function start(
  harness: Harness,
  headers: Record<string, string>,
): Promise<{ readonly message: ReturnType<typeof request>; readonly response: Promise<IncomingMessage> }> {
  const socket = tlsConnect({
    host: '127.0.0.1',
    port: harness.httpsPort,
    servername: 'api.stripe.com',
    ca: harness.caPem,
  })
  await once(socket, 'secureConnect')
  endings.push(() => socket.destroy())
  const message = request({
    createConnection: () => socket,
    method: 'POST',
    path: '/v1/payment_intents',
    headers: { host: 'api.stripe.com', ...headers },
  })
  message.on('error', () => undefined) // told by the response, or by its absence
  const response = once(message, 'response').then(([answer]) => answer as IncomingMessage)
  response.catch(() => undefined) // where nobody waits for it
  return { message, response }
}

describe('a body', () => {
  it('streams both ways at once: the answer begins before the request has ended', async () => {
    const server = createServer((message, response) => {
      response.writeHead(200, { trailer: 'x-sum' })
      message.on('data', (part) => response.write(`<${part}>`))
      message.on('end', () => {
        response.addTrailers({ 'x-sum': '2' })
        response.end()
      })
    })
    endings.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const harness = await open(await listen(server))
    const { message, response } = await start(harness, { 'transfer-encoding': 'chunked' })
    message.write('one')
    const answer = await response
    answer.setEncoding('utf8')
    const parts = answer[Symbol.asyncIterator]()
    expect((await parts.next()).value).toBe('<one>')
    message.end('two')
    expect((await parts.next()).value).toBe('<two>')
    expect((await parts.next()).done).toBe(true)
    expect(answer.trailers).toEqual({ 'x-sum': '2' })
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'done' }])
  })

  it('is asked for only once it may come, and not at all where it is refused', async () => {
    let reached = 0
    const server = createServer((message, response) => {
      reached += 1
      message.resume().on('end', () => response.end('{}'))
    })
    endings.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const harness = await open(await listen(server))
    const expecting = { expect: '100-continue', 'content-length': '5' }
    const allowed = await start(harness, expecting)
    allowed.message.flushHeaders()
    await once(allowed.message, 'continue')
    allowed.message.end('hello')
    expect((await allowed.response).statusCode).toBe(200)
    const refused = await start(harness, { ...expecting, host: 'api.postmarkapp.com' })
    refused.message.flushHeaders()
    let asked = false
    refused.message.once('continue', () => (asked = true))
    expect((await refused.response).statusCode).toBe(403)
    expect({ asked, reached }).toEqual({ asked: false, reached: 1 })
  })

  it('is held back while the upstream does not read it', async () => {
    let paused: Readable | undefined
    const server = createServer((message) => {
      paused = message.pause()
    })
    endings.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const harness = await open(await listen(server), { more: '\n    maxBodyBytes: 1000000000' })
    const { message } = await start(harness, { 'transfer-encoding': 'chunked' })
    let sent = 0
    const part = Buffer.alloc(256 * 1024)
    const push = (): void => {
      while (sent < 200 * 1024 * 1024 && message.write(part)) sent += part.length
    }
    message.on('drain', push)
    push()
    await expect.poll(() => paused).toBeDefined()
    let before = -1
    await expect
      .poll(
        () => {
          const still = before === sent
          before = sent
          return still
        },
        { interval: 300, timeout: 20_000 },
      )
      .toBe(true)
    expect(sent).toBeLessThan(60 * 1024 * 1024) // what the sockets in between hold, and no more
  })
})

describe('what is open', () => {
  it('ends in its middle when its grant is revoked, and is settled so', async () => {
    const server = createServer((message, response) => {
      response.writeHead(200).write('data: one\n\n')
      message.resume()
    })
    endings.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const harness = await open(await listen(server))
    const { message, response } = await start(harness, {})
    message.end()
    const answer = await response
    await once(answer, 'data')
    expect(harness.revoke()).toBe(1)
    await once(answer, 'error').catch(() => undefined)
    expect(answer.complete).toBe(false)
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'aborted', status: 200, detail: 'grant.ended' }])
    expect(harness.revoke()).toBe(0) // nothing is left behind
  })
})
