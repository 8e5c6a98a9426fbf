import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { createUnread } from './unread.ts'

const answer = Buffer.alloc(64 * 1024 * 1024, 'x')
let server: Server
let sockets: Socket[]

async function serve(limits: Parameters<typeof createUnread>[0]): Promise<void> {
  const unread = createUnread(limits)
  server = createServer((_, response) => {
    if (unread.hold(response, answer.length)) return void response.writeHead(200).end(answer)
    response.writeHead(503).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
}

beforeEach(() => {
  sockets = []
})
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  server.closeAllConnections()
  server.close()
})

/** Asks, and reads no further than the first bytes of the answer. */
async function ask(from = '127.0.0.1'): Promise<readonly [status: string, socket: Socket]> {
  const { port } = server.address() as AddressInfo // it listens on an address
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  socket.on('error', () => undefined)
  sockets.push(socket)
  socket.write('GET / HTTP/1.1\r\nHost: t\r\n\r\n')
  await once(socket, 'readable')
  return [String(socket.read(12)).slice(9), socket]
}

test(
  'who reads nothing of large answers gets so many at one time, and others theirs',
  { timeout: 60_000 },
  async () => {
    await serve({ bytesOfOne: 2 * answer.length, bytes: 3 * answer.length, idleMs: 60_000 })
    const [[one, socket], [two], [three]] = [await ask(), await ask(), await ask()]
    expect([one, two, three]).toEqual(['200', '200', '503'])
    expect([(await ask('127.0.0.2'))[0], (await ask('127.0.0.3'))[0]]).toEqual(['200', '503'])
    socket.destroy()
    await expect.poll(async () => (await ask())[0], { timeout: 30_000 }).toBe('200')
  },
)

test('an answer that nobody reads is not held for ever', { timeout: 60_000 }, async () => {
  await serve({ bytesOfOne: answer.length, bytes: answer.length, idleMs: 100 })
  await expect.poll(async () => (await ask())[0], { timeout: 30_000 }).toBe('200')
  await expect.poll(async () => (await ask())[0], { timeout: 30_000 }).toBe('200')
})
