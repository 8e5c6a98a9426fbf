import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

import { afterEach, beforeEach, expect, test } from 'vitest'

import type { UpstreamCall } from '../upstream-call.ts'
import { type Connections, createConnections } from './connections.ts'

let server: Server
let heard: string[]
let sockets: Socket[]
let connections: Connections
beforeEach(async () => {
  ;[heard, sockets] = [[], []]
  server = createServer((socket) => {
    sockets.push(socket.on('error', () => socket.destroy()))
    socket.on('data', (bytes) => heard.push(bytes.toString('latin1').slice(0, 9)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(() => {
  connections.destroy()
  server.close()
})

/** One connection at a time; none is ever made where nobody answers. */
function open(isReached = true): void {
  const { port } = server.address() as AddressInfo // it listens on an address, not on a pipe
  connections = createConnections(`http://127.0.0.1:${port}`, 1, (onread) => (_, done) => {
    if (!isReached) return
    const socket = connect({ host: '127.0.0.1', port, onread })
    socket.once('connect', () => done(null, socket))
  })
}

function call(target: string, signal = new AbortController().signal): Promise<unknown> {
  const asked: UpstreamCall = {
    pool: 'p',
    origin: 'http://127.0.0.1',
    privateUpstream: true,
    method: 'GET',
    target,
    headers: [],
    body: new Uint8Array(),
    timeoutMs: 60_000,
    signal,
  }
  return new Promise((resolve, reject) => connections.call(asked, ({ body }) => resolve(body), reject))
}

async function answer(body: string): Promise<void> {
  await expect.poll(() => sockets).toHaveLength(1)
  sockets[0]?.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
}

test('calls that wait for a connection are sent in turn, and each of them once', async () => {
  open()
  const [first, second, third] = [call('/1'), call('/2'), call('/3')]
  for (const [index, made] of [first, second, third].entries()) {
    await expect.poll(() => heard).toHaveLength(index + 1)
    await answer(`answer ${index}`)
    expect(await made).toEqual(Buffer.from(`answer ${index}`))
  }
  expect(heard.map((line) => line.trim())).toEqual(['GET /1 HT', 'GET /2 HT', 'GET /3 HT'])
})

for (const [what, isReached] of [
  ['for its turn', true],
  ['for its connection', false],
] as const) {
  test(`a call that waits ${what} ends with its signal, and is never sent`, async () => {
    open(isReached)
    const ending = new AbortController()
    const before = call('/1')
    const waiting = call('/2', ending.signal)
    ending.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'upstream.aborted' })
    if (isReached) {
      await expect.poll(() => heard).toHaveLength(1)
      await answer('one')
      expect(await before).toEqual(Buffer.from('one'))
      expect(heard).toHaveLength(1)
    } else {
      connections.destroy()
      await expect(before).rejects.toMatchObject({ code: 'upstream.aborted' })
    }
  })
}
