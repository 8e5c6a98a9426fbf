import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { InvocationResult } from '../invocation.ts'
import { maxErrorBytes, maxResponseBytes, type RuntimeApi, serveRuntimeApi } from './runtime-api.ts'
import { invocationOf } from '../testing/make-engine.ts'

const prefix = '/2018-06-01/runtime'
let api: RuntimeApi
let port: number
let runtime: Agent
let results: InvocationResult[]
let breaches: string[]
let idle: number

beforeEach(async () => {
  ;[results, breaches, idle] = [[], [], 0]
  const listener = createServer()
  api = serveRuntimeApi(
    listener,
    { functionArn: 'arn:sallyport:function:app:test:probe', ownClient: true },
    {
      onIdle: () => void (idle += 1),
      onResult: (_, result) => void results.push(result),
      onInitError: () => undefined,
      onBreach: (detail) => void breaches.push(detail),
      onLost: () => undefined,
    },
  )
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  port = (listener.address() as AddressInfo).port
  runtime = new Agent({ keepAlive: true, maxSockets: 1 })
})
afterEach(() => {
  runtime.destroy()
  api.close()
})

/** Sends one request; the runtime's own connection unless told otherwise. */
function send(method: string, path: string, body = '', agent: Agent | false = runtime): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': Buffer.byteLength(body) } // also where none is usual
    const sent = request({ host: '127.0.0.1', port, method, path: prefix + path, agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    })
    sent.once('error', reject).end(body)
  })
}

/** The runtime asks, and is given an invocation. */
async function running(): Promise<string> {
  const next = send('GET', '/invocation/next')
  const asked = idle
  await expect.poll(() => idle).toBe(asked + 1)
  const invocation = invocationOf({})
  api.give(invocation, 'ticket')
  expect(await next).toBe(200)
  return invocation.id
}

describe('the runtime API of a box', () => {
  it('gives an event to the runtime and takes its answer', async () => {
    const id = await running()
    expect(await send('POST', `/invocation/${id}/response`, '"mine"')).toBe(202)
    expect(results).toEqual([{ kind: 'response', body: Buffer.from('"mine"') }])
    expect(breaches).toEqual([])
  })

  it('takes the report of an error for what it is', async () => {
    const id = await running()
    expect(await send('POST', `/invocation/${id}/error`, '{"errorType":"E","errorMessage":"m"}')).toBe(202)
    expect(results).toEqual([{ kind: 'error', code: 'function.threw', message: 'E: m' }])
  })

  it('gives nothing to a runtime that does not wait', () => {
    api.give(invocationOf({}), 'ticket')
    expect(api.current()).toBeUndefined()
  })

  it('takes an answer from no other connection, even under the right id', async () => {
    const id = await running()
    expect(await send('POST', `/invocation/${id}/response`, '"forged"', false)).toBe(403)
    expect(results).toEqual([])
    expect(breaches).toEqual(['a second connection to the runtime API'])
    expect(await send('POST', `/invocation/${id}/response`, '"mine"')).toBe(202)
    expect(results, 'control').toHaveLength(1)
  })

  it('takes no answer to another invocation than the one that runs', async () => {
    const first = await running()
    await send('POST', `/invocation/${first}/response`, '1')
    await running()
    expect(await send('POST', `/invocation/${first}/response`, '"late"')).toBe(400)
    expect(results).toHaveLength(1)
    expect(breaches).toHaveLength(1)
  })

  it('gives no second event while one runs', async () => {
    await running()
    expect(await send('GET', '/invocation/next')).toBe(403)
    expect(breaches).toHaveLength(1)
    expect(idle).toBe(1)
  })

  it('takes no answer over its limit', async () => {
    const id = await running()
    await send('POST', `/invocation/${id}/response`, 'x'.repeat(maxResponseBytes + 1))
    // The codes alone: of an answer that passed, six megabytes would be printed to show the difference.
    expect(results.map((result) => ('code' in result ? result.code : result.kind))).toEqual([
      'function.output_too_large',
    ])
  })

  it('takes no report of an error over its limit', async () => {
    const report = (bytes: number): string => JSON.stringify({ errorType: 'E', errorMessage: 'x'.repeat(bytes) })
    await send('POST', `/invocation/${await running()}/error`, report(maxErrorBytes / 2))
    await send('POST', `/invocation/${await running()}/error`, report(maxErrorBytes))
    expect(results.map((result) => 'code' in result && result.code)).toEqual([
      'function.threw',
      'function.output_too_large',
    ])
  })

  it('takes no answer of a call that was given up while it came', async () => {
    const id = await running()
    const headers = { expect: '100-continue', 'content-length': 2 }
    const path = `${prefix}/invocation/${id}/response`
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path, agent: runtime, headers })
    sent.flushHeaders()
    await once(sent, 'continue') // its head is read by then
    api.abandon()
    const closed = new Promise((resolve) => sent.on('error', () => undefined).once('close', resolve))
    sent.end('42')
    await closed
    expect([results, breaches]).toEqual([[], []])
  })

  it('reads nothing beside the question for the next event', async () => {
    expect(await send('GET', '/invocation/next', 'x')).toBe(400)
    expect(breaches).toHaveLength(1)
    expect(idle).toBe(0)
  })

  it('ends a connection that asks for what no runtime asks for, again and again', async () => {
    await running()
    for (let asked = 0; asked < 100; asked++) expect(await send('GET', '/invocation/next')).toBe(403)
    await expect(send('GET', '/invocation/next')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(breaches).toHaveLength(101)
  })

  it('does nothing for what was sent ahead of the end of its connection', async () => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    socket.resume().write(`POST ${prefix}/none HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`.repeat(150))
    await once(socket, 'close')
    expect(breaches).toHaveLength(101)
  })

  it('answers so many connections of others at one time', async () => {
    await running()
    let refused = 0
    const others = Array.from({ length: 12 }, () =>
      connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => undefined)
        .on('error', () => undefined)
        .once('data', () => (refused += 1)),
    )
    await Promise.all(
      others.map((socket) => new Promise((resolve) => socket.once('end', resolve).once('close', resolve))),
    )
    expect(refused).toBe(8)
    for (const socket of others) socket.destroy()
  })
})

describe('a function that floods the runtime API between two calls', () => {
  /** Writes as fast as it is read until the connection ends; true when it did. */
  const ends = (text: string, more: Buffer, bytes: number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined)
      let sent = 0
      const write = (): void => {
        while (sent < bytes && !socket.destroyed) {
          sent += more.length
          if (!socket.write(more)) return
        }
        if (sent >= bytes) socket.end()
      }
      socket.once('close', () => resolve(sent < bytes))
      socket.on('drain', write).resume().write(text)
      write()
    })

  it('with the body of an answer that nobody waits for loses its connection', async () => {
    const head = `POST ${prefix}/invocation/none/response HTTP/1.1\r\nhost: x\r\ncontent-length: 200000000\r\n\r\n`
    expect(await ends(head, Buffer.alloc(65_536), 200_000_000)).toBe(true)
    expect(breaches).toHaveLength(1)
  })

  it('with requests that Node itself would refuse loses its connection', async () => {
    const refused = `GET ${prefix}/invocation/next HTTP/1.1\r\nhost: x\r\nexpect: nothing\r\n\r\n`
    const one = connect(port, '127.0.0.1', () => one.write(refused)).resume()
    await once(one, 'close')
    expect(breaches).toHaveLength(1)
    expect(await ends(refused, Buffer.from(refused.repeat(100)), 50_000_000)).toBe(true)
  })

  it('with connections is not listened to any more', async () => {
    await running()
    const tried = (): Promise<string | undefined> =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => resolve(undefined))
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code)).on('connect', () => socket.destroy())
      })
    let code: string | undefined
    for (let tries = 0; tries < 400 && code === undefined; tries++) code = await tried()
    expect(code).toBe('ECONNREFUSED')
    expect(breaches.at(-1)).toContain('more than 256 connections')
  })
})

/** The API of a runtime that is not ours, and how it was heard to ask, to answer and to be lost. */
async function openForeign(): Promise<{ foreign: RuntimeApi; listener: Server; at: number; told: string[] }> {
  const listener = createServer()
  const told: string[] = []
  const [onIdle, onLost] = ['idle', 'lost'].map((word) => () => void told.push(word))
  const onResult = (_: unknown, result: InvocationResult): void =>
    void told.push(result.kind === 'response' ? String(result.body) : result.code)
  const events = { onResult, onInitError: () => 0, onBreach: () => 0 }
  const foreign = serveRuntimeApi(
    listener,
    { functionArn: 'arn', ownClient: false },
    { ...events, onIdle: onIdle ?? (() => 0), onLost: onLost ?? (() => 0) },
  )
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  return { foreign, listener, at: (listener.address() as AddressInfo).port, told }
}

it('a foreign runtime is lost with the connection on which it waits, not with one that was answered', async () => {
  const { foreign, at, told } = await openForeign()
  const next = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect(at, '127.0.0.1', () => resolve(socket))
      socket.on('error', () => undefined).write(`GET ${prefix}/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n`)
    })
  const answered = await next()
  await expect.poll(() => told).toEqual(['idle'])
  foreign.give(invocationOf({}), 'ticket')
  await once(answered, 'data')
  answered.destroy()
  foreign.abandon()
  const left = await next()
  await expect.poll(() => told).toEqual(['idle', 'idle'])
  left.destroy()
  await expect.poll(() => told).toEqual(['idle', 'idle', 'lost'])
  foreign.close()
})

it('a runtime that is not ours answers on one connection at a time, and anew where that one broke', async () => {
  const { foreign, at, told } = await openForeign()
  const agents = [new Agent({ keepAlive: true }), new Agent({ keepAlive: true })] as const
  const [one, other] = agents
  const asked = (agent: Agent, method: string, path: string): ReturnType<typeof request> =>
    request({ host: '127.0.0.1', port: at, method, path: prefix + path, agent }).on('error', () => undefined)
  const statusOf = async (sent: ReturnType<typeof request>): Promise<unknown> => {
    const [response] = await once(sent, 'response')
    response.resume()
    return response.statusCode
  }
  const next = statusOf(asked(one, 'GET', '/invocation/next').end())
  await expect.poll(() => told).toEqual(['idle'])
  const invocation = invocationOf({})
  foreign.give(invocation, 'ticket')
  await next
  const path = `/invocation/${invocation.id}/response`
  const half = asked(one, 'POST', path)
  half.setHeader('content-length', 5).setHeader('expect', '100-continue')
  half.flushHeaders()
  await once(half, 'continue')
  half.write('"on')
  expect(await statusOf(asked(other, 'POST', path).end('"second"'))).toBe(400)
  expect(told).toEqual(['idle'])
  half.destroy()
  await expect.poll(async () => statusOf(asked(other, 'POST', path).end('"anew"'))).toBe(202)
  expect(told).toEqual(['idle', '"anew"'])
  foreign.close()
  for (const agent of agents) agent.destroy()
})

it('a runtime that is not ours has so many connections', async () => {
  const sockets: Socket[] = []
  const { foreign, listener, at } = await openForeign()
  listener.on('connection', (socket) => sockets.push(socket))
  const clients = Array.from({ length: 40 }, () => connect(at, '127.0.0.1').on('error', () => undefined))
  while (sockets.length < clients.length) await new Promise((resolve) => setImmediate(resolve))
  expect(sockets.filter(({ destroyed }) => destroyed)).toHaveLength(8)
  foreign.close()
  for (const client of clients) client.destroy()
})
