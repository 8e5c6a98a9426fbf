import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'

import { sealGrant } from '@sallyport/core/access'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { isMetadata } from './upstream/address.ts'
import { readHead } from './listen/head.ts'
import type { Incoming } from '../parser/index.ts'
import { routeOf } from './route.ts'
import { alice, ask, codeOf, type Harness, invocationOf, openHarness } from './testing/harness.ts'

let upstream: Server
let reached = 0
let harness: Harness
const charge = 'https://api.stripe.com/v1/payment_intents'

beforeEach(async () => {
  reached = 0
  upstream = createServer((message, response) => {
    message.resume().once('end', () => {
      reached += 1
      response.end('{}')
    })
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
})

afterEach(async () => {
  await harness.close()
  upstream.closeAllConnections()
  upstream.close()
})

const origin = (): string => `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` // it listens on an address

describe('a request that was allowed', () => {
  it('does not leave when its invocation ended before the upstream was called', async () => {
    let next = false
    harness = await openHarness({
      upstream: origin(),
      rooms: {
        admit: (decision, receipt) => {
          if (next) harness.invocation = invocationOf({ name: 'payments' }, 'i2', alice)
          return sealGrant({ decision, receipt, expiresAt: Date.now() + 60_000, epochs: new Map() })
        },
      },
    })
    expect(await ask(harness, charge)).toMatchObject({ status: 200 })
    next = true
    expect(codeOf(await ask(harness, charge))).toBe('exit.invocation_ended')
    expect(reached).toBe(1)
  })
})

const incoming: Incoming = {
  scheme: 'http',
  protocol: '1.1',
  serverName: undefined,
  method: 'POST',
  target: '/',
  rawHeaders: ['Host', 'any.aws.internal'],
  localAddress: '198.18.0.1',
  body: { kind: 'whole', bytes: new Uint8Array() },
  proceed: () => undefined,
}

describe('a box', () => {
  it('holds so many connections and no more', async () => {
    harness = await openHarness({ rooms: { limits: { connections: 2 } } })
    const open = async (): Promise<Socket> => {
      const socket = connect(harness.httpPort, '127.0.0.1')
      await once(socket, 'connect')
      return socket
    }
    const held = [await open(), await open()]
    const more = await open()
    const outcome = new Promise((resolve) => {
      more.once('data', () => resolve('served')).once('close', () => resolve('closed'))
      more.on('error', () => undefined) // it may be gone before this is written
      more.write('GET / HTTP/1.1\r\nHost: api.stripe.com\r\n\r\n')
    })
    expect(await outcome).toBe('closed')
    expect(held.map(({ destroyed }) => destroyed)).toEqual([false, false])
    for (const socket of held) socket.destroy()
  })

  it('sends a body of so many bytes and no more, also without saying how long it is', async () => {
    harness = await openHarness({
      upstream: origin(),
      manifest: (text) =>
        text.replace('to: https://api.stripe.com', 'to: https://api.stripe.com\n    maxBodyBytes: 200000'),
    })
    const chunked = { headers: { 'transfer-encoding': 'chunked' } }
    expect(await ask(harness, charge, { ...chunked, body: 'x'.repeat(200_000) })).toMatchObject({ status: 200 })
    expect(codeOf(await ask(harness, charge, { ...chunked, body: 'x'.repeat(200_001) }))).toBe('request.too_large')
    expect(reached).toBe(1)
  })

  it('has a door of its own, or none', async () => {
    harness = await openHarness()
    const attach = (boxId: string): unknown =>
      harness.attachExits({
        boxId,
        functionName: 'payments',
        channel: new PassThrough(),
        onFault: () => undefined,
        current: () => undefined,
      })
    expect(() => attach('box of nobody')).toThrow(expect.objectContaining({ code: 'egress.unknown_box' }))
    expect(attach('box1'), 'control').toBeDefined()
  })

  it('is refused what is too large before anything of it is read', async () => {
    harness = await openHarness({ functionName: 'orders' })
    const rooms = { app: () => harness.app } as Parameters<typeof routeOf>[0] // what `routeOf` asks of them
    const wayOf = (host: string, path: string, length: number): unknown => {
      const way = routeOf(
        rooms,
        readHead({ ...incoming, rawHeaders: ['Host', host, 'Content-Length', `${length}`], target: path }),
        10,
      )
      return [way.kind, way.kind === 'refused' ? way.reason.code : way.action]
    }
    expect(wayOf('any.aws.internal', '/', 10), 'control').toEqual(['aws', 'sallyport:UseDoor'])
    expect(wayOf('any.aws.internal', '/', 11)).toEqual(['refused', 'request.too_large'])
    expect(wayOf('payments.fn.internal', '/charge', 10), 'control').toEqual(['call', 'sallyport:InvokeFunction'])
    expect(wayOf('payments.fn.internal', '/charge', 11)).toEqual(['refused', 'request.too_large'])
  })

  it('finds no door at a metadata address, whatever name it sends there', async () => {
    harness = await openHarness()
    const rooms = { app: () => harness.app } as Parameters<typeof routeOf>[0] // what `routeOf` asks of them
    const wayTo = (localAddress: string): string => routeOf(rooms, readHead({ ...incoming, localAddress }), 10).kind
    expect(wayTo('198.18.0.1')).toBe('aws')
    expect(wayTo('169.254.169.254')).toBe('refused')
    expect(wayTo('fd00:ec2::254')).toBe('refused')
    expect([isMetadata('::ffff:169.254.170.2'), isMetadata('10.0.0.1')]).toEqual([true, false])
  })
})

describe('what is half sent at the end of an invocation', () => {
  it('is refused on record where it is a request, and its connection ends', async () => {
    harness = await openHarness({ upstream: origin() })
    const { socket, closed } = await keptOpen()
    socket.write('POST /charge HTTP/1.1\r\nHost: payments.fn.internal\r\nContent-Length: 9\r\n')
    socket.write('Expect: 100-continue\r\n\r\n')
    await once(socket, 'data') // its head was read, and its body is awaited
    socket.write('half')
    await harness.endInvocation()
    await closed
    await expect
      .poll(() => harness.decisions.slice(1))
      .toMatchObject([{ effect: 'deny', reasons: [{ code: 'exit.unfinished' }] }])
  })

  it('ends with its connection where it is a head, so that nobody can finish it for the next person', async () => {
    harness = await openHarness({ upstream: origin() })
    const { socket, closed } = await keptOpen()
    socket.write('POST /charge HTTP/1.1\r\nHost: payments.fn.inter')
    await new Promise((resolve) => setTimeout(resolve, 30))
    await harness.endInvocation()
    await closed
    expect(harness.decisions).toHaveLength(1)
  })
})

/** A connection that the door has: it has answered there already, with a refusal. */
async function keptOpen(): Promise<{ readonly socket: Socket; readonly closed: Promise<unknown> }> {
  const socket = connect(harness.httpPort, '127.0.0.1')
  socket.on('error', () => undefined) // where the half was not read yet, its end is a reset
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write('GET /charge HTTP/1.1\r\nHost: payments.fn.internal\r\n\r\n')
  await once(socket, 'data')
  expect(harness.decisions).toHaveLength(1)
  return { socket, closed }
}
