import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Readable } from 'node:stream'

import { afterEach, describe, expect, it } from 'vitest'

import type { Answer } from '../answer.ts'
import type { ListenerHandlers } from '../handlers.ts'
import { createPace } from '../pace.ts'
import { servePlain } from './plain-one.ts'

const endings: (() => unknown)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** A connection that is served, what it was asked for, and with what it was handed over. */
async function served(answerTo: (target: string) => Promise<Answer>, scheme: 'http' | 'https' = 'http') {
  const asked: string[] = []
  const others: { readonly speaks: string; readonly bytes: string }[] = []
  const handlers = {
    pace: createPace(),
    onRequest: ({ target }) => {
      asked.push(target)
      return answerTo(target)
    },
    onLimit: (code) => asked.push(code),
  } satisfies Partial<ListenerHandlers> as unknown as ListenerHandlers // what a plain connection asks for
  const limits = { connections: 8, streams: 8, headerBytes: 16 * 1024, idleMs: 30_000, dnsPerSecond: 1 }
  const server = createServer((socket) =>
    servePlain(socket, { scheme, serverName: undefined }, limits, handlers, (other, speaks) => {
      others.push({ speaks, bytes: String(other.read()) })
      other.destroy()
    }),
  ).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1') // it listens on an address
  client.on('error', () => undefined)
  endings.push(
    () => server.close(),
    () => client.destroy(),
  )
  return { client, asked, others }
}

const whole = async (target: string): Promise<Answer> => ({ status: 200, headers: [], body: Buffer.from(target) })
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`

/** What has come until it ends with this, or the connection does. */
function until(client: Socket, end: string): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    client.once('close', () => resolve(`${text} closed`))
    const take = (part: Buffer): void => {
      text += part.toString('latin1')
      if (!text.endsWith(end)) return
      client.off('data', take)
      resolve(text)
    }
    client.on('data', take)
  })
}

describe('a connection of plain requests', () => {
  it('has one answered after the other', async () => {
    const { client, asked } = await served(whole)
    for (const target of ['/1', '/2', '/3']) {
      client.write(get(target))
      expect(await until(client, `\r\n\r\n${target}`)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    }
    expect(asked).toEqual(['/1', '/2', '/3'])
  })

  it('has answers that stream written too, and goes on', async () => {
    const part = Buffer.alloc(64 * 1024, 'a')
    const { client } = await served(async (target) =>
      target === '/s'
        ? { status: 200, headers: [], body: Readable.from(Array(40).fill(part)), trailers: () => [['t', 'v']] }
        : whole(target),
    )
    client.write(get('/s'))
    const text = await until(client, '0\r\nt: v\r\n\r\n')
    expect(text).toContain('\r\nTransfer-Encoding: chunked\r\n')
    expect(text.length).toBeGreaterThan(40 * part.length)
    client.write(get('/2'))
    expect(await until(client, '\r\n\r\n/2')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })

  it('is answered where it has said all that it had to say, and ends', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const { client, asked } = await served(() => promise)
    const ended = new Promise((done) => client.once('end', done))
    client.end(get('/1'))
    while (asked.length === 0) await new Promise(setImmediate)
    await new Promise((done) => setTimeout(done, 20)) // its end has come by then
    resolve({ status: 200, headers: [], body: Buffer.from('one') })
    expect(await until(client, 'one')).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    await ended
  })

  it('ends at a second request before the first is answered', async () => {
    const { client, asked } = await served(() => new Promise(() => undefined))
    client.write(get('/1'))
    while (asked.length === 0) await new Promise(setImmediate)
    client.write(get('/2'))
    expect(await until(client, 'never')).toBe(' closed')
    expect(asked).toEqual(['/1', 'exit.pipelined'])
  })

  it('keeps the beginning of the next until the answer has gone', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const { client, asked, others } = await served(() => promise)
    client.write(get('/1'))
    while (asked.length === 0) await new Promise(setImmediate)
    client.write('GET /2 HTT')
    resolve({ status: 200, headers: [], body: Buffer.from('one') })
    expect(await until(client, 'never')).toMatch(/one closed$/)
    expect(others).toEqual([{ speaks: '1.1', bytes: 'GET /2 HTT' }])
  })

  for (const [what, first, speaks, scheme] of [
    ['a head in pieces', 'POST / HT', '1.1', 'http'],
    ['chunks', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', '1.1', 'http'],
    ['two requests at once', `${get('/1')}${get('/2')}`, '1.1', 'http'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '2', 'http'],
    ['that preface within TLS, where it was not agreed on', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '1.1', 'https'],
  ] as const) {
    it(`is handed over with ${what}`, async () => {
      const { client, asked, others } = await served(whole, scheme)
      client.write(first)
      await once(client, 'close')
      expect([asked, others]).toEqual([[], [{ speaks, bytes: first }]])
    })
  }

  it('waits for three letters of what may be HTTP/2', async () => {
    const { client, others } = await served(whole)
    client.setNoDelay(true)
    for (const letter of 'PRI') {
      client.write(letter)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    if (!client.closed) await once(client, 'close')
    expect(others).toEqual([{ speaks: '2', bytes: 'PRI' }])
  })
})
