import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectTwo } from 'node:http2'
import { connect, type Socket } from 'node:net'

import { describe, expect, it, vi } from 'vitest'

import { endings, listen, open } from './testing/endings.ts'
import { ask, codeOf, type Harness, invocationOf } from './testing/harness.ts'

vi.setConfig({ testTimeout: 30_000 })

const charge = 'http://api.stripe.com/v1/payment_intents'
const secured = charge.replace('http:', 'https:')
const codes = ({ decisions }: Harness): unknown => decisions.flatMap(({ reasons }) => reasons.map(({ code }) => code))

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined) // it is ended from the other side
  endings.push(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** What comes of one more connection: a request on it is served, or the other side closes it. */
async function oneMore(port: number): Promise<'served' | 'closed'> {
  const socket = await connected(port)
  return new Promise((resolve) => {
    socket.once('data', () => resolve('served')).once('close', () => resolve('closed'))
    socket.write('GET / HTTP/1.1\r\nHost: api.stripe.com\r\n\r\n')
  })
}

/** Connects, and waits until the other side ends it. */
async function ended(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket.resume(), 'close')
}

/** An upstream that answers with so many bytes of JSON, once it is told to. */
async function upstream(bytes: number): Promise<{ readonly origin: string; readonly answer: () => Promise<void> }> {
  const waiting: (() => void)[] = []
  const server = createServer((message, response) => {
    message.resume()
    waiting.push(() => response.end(JSON.stringify({ id: 'x'.repeat(bytes), rest: 'y'.repeat(20_000) })))
  })
  endings.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  const answer = async (): Promise<void> => {
    await expect.poll(() => waiting.length, { timeout: 10_000 }).toBeGreaterThan(0)
    for (const each of waiting.splice(0)) each()
  }
  return { origin: await listen(server), answer }
}

describe('a box that takes more of us than it may', () => {
  it('is refused further connections, with a code that is on record once for each invocation', async () => {
    const harness = await open('http://127.0.0.1:9', { rooms: { limits: { connections: 2 } } })
    const held = [await connected(harness.httpPort), await connected(harness.httpPort)]
    for (let index = 0; index < 3; index++) expect(await oneMore(harness.httpPort)).toBe('closed')
    expect(codes(harness)).toEqual(['exit.too_many_connections'])
    expect(harness.lines).toEqual([expect.stringContaining('2 connections')])
    expect(held.map(({ destroyed }) => destroyed)).toEqual([false, false])
    harness.invocation = invocationOf(harness.image, 'i2')
    await harness.endInvocation()
    await Promise.all(held.map((socket) => once(socket.resume(), 'close')))
    expect(await oneMore(harness.httpPort), 'control').toBe('served')
    await connected(harness.httpPort)
    expect(await oneMore(harness.httpPort)).toBe('closed')
    expect(codes(harness)).toEqual(['exit.too_many_connections', 'door.unlisted', 'exit.too_many_connections'])
  })

  it('fills no ledger with what is no request: what goes beyond is counted', async () => {
    const limits = { recordedRefusalsPerSecond: 2 }
    const harness = await open('http://127.0.0.1:9', { rooms: { limits, clock: () => 1_000 } })
    for (let index = 0; index < 5; index++) {
      const socket = await connected(harness.httpPort)
      const [answer] = await once(socket.end('this is no HTTP\r\n\r\n'), 'data')
      expect(String(answer)).toMatch(index < 2 ? /request.malformed/ : /exit.error/)
    }
    expect(codes(harness)).toEqual(['request.malformed', 'request.malformed'])
    await expect.poll(() => harness.others, { timeout: 10_000 }).toMatchObject([{ kind: 'gap', lost: 3 }])
  })

  it('is refused so many requests at one time also where nothing more is recorded', async () => {
    const limits = { requests: 0, recordedRefusalsPerSecond: 0 }
    const harness = await open('http://127.0.0.1:9', { rooms: { limits, clock: () => 1_000 } })
    const refused = await ask(harness, secured)
    expect([refused.status, codeOf(refused)]).toEqual([429, 'exit.too_many'])
    const headers = { connection: 'Upgrade', upgrade: 'websocket' }
    const switching = await ask(harness, secured, { method: 'GET', headers })
    expect([switching.status, codeOf(switching)]).toEqual([429, 'exit.too_many'])
    expect(harness.decisions).toEqual([])
    await expect.poll(() => harness.others, { timeout: 10_000 }).toMatchObject([{ kind: 'gap', lost: 2 }])
  })

  it('hears that there is no descriptor for an upstream; with one, as control, it is answered', async () => {
    let mayOpen = false
    const server = createServer((_, response) => response.end('{}'))
    endings.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    const harness = await open(await listen(server), { rooms: { mayOpen: () => mayOpen } })
    const refused = await ask(harness, secured)
    expect([refused.status, codeOf(refused)]).toEqual([503, 'exit.no_descriptors'])
    await expect.poll(() => harness.others).toMatchObject([{ kind: 'outcome', outcome: 'failed' }])
    mayOpen = true
    expect(await ask(harness, secured)).toMatchObject({ status: 200 })
  })

  it('has so many bytes of request bodies held, and no more', async () => {
    const harness = await open('http://127.0.0.1:9', {
      rooms: { limits: { bytesInFlight: 1_000 } },
      charge: '{ request: POST /v1/payment_intents, body: { a: any } }',
    })
    const json = { 'content-type': 'application/json' }
    const answered = await ask(harness, secured, { headers: json, body: JSON.stringify({ a: 'x'.repeat(1_000) }) })
    expect([answered.status, codeOf(answered)]).toEqual([429, 'exit.too_many_bytes'])
    expect(codeOf(await ask(harness, secured, { headers: json, body: '{"a":"x"}' }))).toBe('upstream.unreachable')
  })

  it('has so many bytes of whole answers held, and no more', async () => {
    const { origin, answer } = await upstream(30_000)
    const harness = await open(origin, {
      rooms: { limits: { bytesInFlight: 60_000 } },
      charge: '{ request: POST /v1/payment_intents, returns: { fields: [id] } }',
    })
    const first = ask(harness, secured)
    await answer()
    expect(await first).toMatchObject({ status: 200 })
    const small = await open(origin, {
      rooms: { limits: { bytesInFlight: 40_000 } },
      charge: '{ request: POST /v1/payment_intents, returns: { fields: [id] } }',
    })
    const second = ask(small, secured)
    await answer()
    expect(codeOf(await second)).toBe('exit.too_many_bytes')
  })

  it('asks for so many names in a second, and no more', async () => {
    // It counts by the seconds of the clock: where one ends in between, the questions are asked of another box.
    const counts: number[] = []
    while (counts.length < 5 && !counts.some((count) => count <= 3)) counts.push(await answersToEight())
    expect(Math.min(...counts)).toBeLessThanOrEqual(3)
  })

  async function answersToEight(): Promise<number> {
    const harness = await open('http://127.0.0.1:9', { rooms: { limits: { dnsPerSecond: 3 }, clock: () => 1_000 } })
    const socket = createSocket('udp4')
    endings.push(() => socket.close())
    let answers = 0
    socket.on('message', () => (answers += 1))
    const query = Buffer.from('123401000001000000000000036170690673747269706503636f6d0000010001', 'hex')
    for (let index = 0; index < 8; index++) socket.send(query, harness.dnsPort, '127.0.0.1')
    await expect.poll(() => codes(harness), { timeout: 10_000 }).toEqual(['exit.too_many_names'])
    await new Promise((resolve) => setTimeout(resolve, 200)) // what is under way comes
    return answers
  }

  it('has so long for the head of a request; silence alone is no fault', async () => {
    const harness = await open('http://127.0.0.1:9', { rooms: { limits: { idleMs: 100 } } })
    const socket = (await connected(harness.httpPort)).resume()
    socket.write('POST / HT')
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.write('TP/1.1\r\nHost: a.exam')
    await expect.poll(() => codes(harness), { timeout: 10_000 }).toEqual(['exit.too_slow'])
    await expect.poll(() => socket.destroyed, { timeout: 30_000 }).toBe(true) // in the same moment, on the other side
    await ended(harness.httpPort)
    expect(codes(harness)).toEqual(['exit.too_slow'])
  })

  it('has a head of so many bytes, by either version of HTTP', async () => {
    const harness = await open('http://127.0.0.1:9', { rooms: { limits: { headerBytes: 2_000 } } })
    const answered = await ask(harness, charge, { headers: { x: 'a'.repeat(3_000) } })
    expect([answered.status, codeOf(answered)]).toEqual([431, 'request.header_too_large'])
    expect(answered.body).toContain('2000 bytes')
    const session = connectTwo(`http://127.0.0.1:${harness.httpPort}`)
    endings.push(() => session.destroy())
    const outcome = (x: string): Promise<unknown> =>
      new Promise((resolve) => {
        const stream = session.request({ ':path': '/v1/payment_intents', ':authority': 'api.stripe.com', x })
        stream.on('response', (headers) => resolve(headers[':status'])).on('error', () => resolve('ended'))
      })
    expect(await outcome('a')).toBe(403)
    expect(await outcome('a'.repeat(3_000))).toBe('ended')
  })

  it('has so many streams of one HTTP/2 connection, and is told so', async () => {
    const harness = await open('http://127.0.0.1:9', { rooms: { limits: { streams: 7 } } })
    const session = connectTwo(`http://127.0.0.1:${harness.httpPort}`)
    endings.push(() => session.destroy())
    const [settings] = await once(session, 'remoteSettings')
    expect(settings).toMatchObject({ maxConcurrentStreams: 7, enablePush: false })
  })
})
