import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { readBody } from './body.ts'

let server: Server
let hold: (bytes: number) => boolean
let read: Promise<Awaited<ReturnType<typeof readBody>>>

beforeEach(async () => {
  hold = () => true
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof readBody>>>()
  read = promise
  server = createServer((message) => void readBody(message, 100_000, undefined, hold).then(resolve)).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

async function send(chunk: string, times: number): Promise<readonly [bytes: number, fault: string | undefined]> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1') // it listens on an address
  const one = `${chunk.length.toString(16)}\r\n${chunk}\r\n`
  socket.write(`POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n${one.repeat(times)}0\r\n\r\n`)
  const { body, fault } = await read
  socket.destroy()
  return [body.length, fault?.code]
}

test('a body in small chunks is read', async () => {
  expect(await send('abc', 4_000)).toEqual([12_000, undefined])
})

test('a body that comes byte by byte is refused before it costs more than it holds', async () => {
  expect(await send('a', 5_000)).toEqual([0, 'request.too_fine'])
})

test('a body of which no more may be held is refused', async () => {
  let room = 5_000
  hold = (bytes) => (room -= bytes) >= 0
  expect(await send('a'.repeat(1_000), 100)).toEqual([0, 'gateway.flooded'])
})

test('a body in chunks as large as packets may have as many as it needs', async () => {
  expect(await send('a'.repeat(1_000), 100)).toEqual([100_000, undefined])
})
/** What would be waited for in vain says so at once. */
async function answerTo(message: PassThrough & { complete: boolean }, stated?: string): Promise<unknown> {
  const told = readBody(message as unknown as IncomingMessage, 10, stated, () => true).then(
    ({ fault }) => fault?.code,
    (error: Error) => error.message,
  )
  return Promise.race([told, sleep(5_000, 'it waits', { ref: false })])
}

test('a body that is said to be too long is refused before any of it has come', async () => {
  const message = Object.assign(new PassThrough(), { complete: false })
  expect(await answerTo(message, '11')).toBe('request.too_large')
})

test('a body whose sender has gone is waited for no more', async () => {
  const message = Object.assign(new PassThrough(), { complete: false })
  const answer = answerTo(message, '10')
  message.destroy()
  expect(await answer).toBe('the client went away before its body was complete')
})
