import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { serveRuntimeApi } from './runtime-api.ts'
import { type StrayBytes, watchStrayBytes } from './stray-bytes.ts'

const maxBytes = 1_000
let server: Server
let near: Socket
let far: Socket
let told: Socket[]
let runs: boolean
let stray: StrayBytes

beforeEach(async () => {
  ;[told, runs] = [[], true]
  server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  far = connect((server.address() as AddressInfo).port, '127.0.0.1') // it listens on an address
  const [accepted] = await once(server, 'connection')
  near = accepted.resume()
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  stray = watchStrayBytes(
    maxBytes,
    () => runs,
    (socket) => told.push(socket),
  )
  stray.add(near)
})
afterEach(() => {
  vi.useRealTimers()
  far.destroy()
  near.destroy()
  server.close()
})

/** Sends so many line ends, and has them looked at once they are there. */
async function send(bytes: number): Promise<void> {
  const before = near.bytesRead
  far.write(Buffer.alloc(bytes, '\n'))
  while (near.bytesRead < before + bytes) await new Promise((resolve) => setImmediate(resolve))
  vi.advanceTimersByTime(1_000)
}

describe('bytes that are part of no request', () => {
  it('are told where they are too many within a second', async () => {
    await send(maxBytes)
    await send(maxBytes)
    expect(told).toEqual([])
    await send(maxBytes + 1)
    expect(told).toEqual([near])
  })

  it('are none of the body of one, however long that is', async () => {
    stray.begin(near)
    await send(100 * maxBytes)
    expect(told).toEqual([])
    stray.end(near)
    await send(maxBytes + 1)
    expect(told).toEqual([near])
  })

  it('are looked for as long as code may run, or something comes', async () => {
    await send(1)
    const counts: number[] = []
    for (runs of [true, true, false, false]) {
      vi.advanceTimersByTime(1_000)
      counts.push(vi.getTimerCount())
    }
    expect(counts).toEqual([1, 1, 0, 0])
    stray.watch()
    await send(maxBytes + 1)
    expect(told).toEqual([near])
  })

  it('are looked for on no connection that has ended', async () => {
    near.destroy()
    await once(near, 'close')
    vi.advanceTimersByTime(1_000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('end a connection to the runtime API', async () => {
    const breaches: string[] = []
    const events = { onIdle: () => 0, onResult: () => 0, onInitError: () => 0, onLost: () => 0 }
    const onBreach = (detail: string): void => void breaches.push(detail)
    const api = serveRuntimeApi(server, { functionArn: 'arn', ownClient: true }, { ...events, onBreach })
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined)
    socket.resume()
    for (let turn = 0; turn < 500 && !socket.closed; turn += 1) {
      socket.write(Buffer.alloc(64 * 1024, '\r\n'))
      await new Promise((resolve) => setImmediate(resolve))
      vi.advanceTimersByTime(500)
    }
    api.close()
    expect(breaches).toEqual(['more than 65536 bytes that are no request'])
  })
})
