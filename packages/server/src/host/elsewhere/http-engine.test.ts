import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import type { OutputLine } from '../engine.ts'
import type { Invocation, InvocationResult, StreamedAnswer } from '../invocation.ts'
import { engineContract, type EngineInContract } from '../testing/engine-contract.ts'
import { startFarSide, ticketKey } from '../testing/far-side.ts'
import { farTraits } from '../testing/far-traits.ts'
import { httpEngine, remote } from '../testing/http-engine.ts'
import { invocationOf } from '../testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let key: Awaited<ReturnType<typeof ticketKey>>
beforeAll(async () => {
  key = await ticketKey()
})

async function makeInContract(): Promise<EngineInContract> {
  const far = await startFarSide(key.jwk)
  const { engine, close } = httpEngine(key.signTicket)
  const invoke: EngineInContract['invoke'] = (event, more) => engine.invoke(invocationOf(event, more))
  return {
    deploy: ({ name = 'probe', maxBoxes = 2, codeDigest = 'a'.repeat(64) } = {}) => {
      far.publish(name, codeDigest)
      return engine.deploy([remote(`${far.origin}/${name}`, { name, maxCalls: maxBoxes, version: codeDigest })])
    },
    invoke,
    call: async (event, more) => {
      const result = await invoke(event, more)
      if (result.kind === 'error') throw new Error(`${result.code}: ${result.message}`)
      return JSON.parse(Buffer.from(result.body).toString('utf8'))
    },
    close: async () => {
      await close()
      await far.close()
    },
  }
}

engineContract('the http engine', makeInContract, farTraits)

describe('a function at an address', () => {
  const output: OutputLine[] = []
  const closing: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
    output.length = 0
  })

  async function standIn(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closing.push(
      () => server.closeAllConnections(),
      () => server.close(),
    )
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/run?as=is`
  }

  async function ask(
    listener: RequestListener,
    where: Parameters<typeof remote>[1] = {},
    more: Partial<Invocation> = {},
  ): Promise<InvocationResult> {
    const { engine, close } = httpEngine(key.signTicket, output)
    closing.push(close)
    await engine.deploy([remote(await standIn(listener), where)])
    return engine.invoke(invocationOf({ a: 1 }, more))
  }

  const text = ({ body }: InvocationResult & { kind: 'response' }): string => Buffer.from(body).toString()

  it('is posted the event at the address as written, with the deadline', async () => {
    const deadline = Date.now() + 5_000
    const result = await ask(
      (request, response) => {
        const body: Buffer[] = []
        request.on('data', (chunk: Buffer) => body.push(chunk))
        request.on('end', () => {
          const { method, url, headers } = request
          const type = headers['content-type']
          const seen = [method, url, type, headers['sallyport-deadline-ms'], Buffer.concat(body).toString()]
          response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(seen))
        })
      },
      {},
      { deadline },
    )
    if (result.kind !== 'response') throw new Error(result.message)
    expect(JSON.parse(text(result))).toEqual(['POST', '/run?as=is', 'application/json', String(deadline), '{"a":1}'])
  })

  it.each<[number, string]>([
    [302, 'function.unreachable'],
    [401, 'function.ticket_refused'],
    [403, 'function.ticket_refused'],
    [404, 'function.unreachable'],
    [413, 'function.event_too_large'],
    [418, 'function.threw'],
    [429, 'function.busy'],
    [500, 'function.threw'],
    [502, 'function.unreachable'],
    [503, 'function.busy'],
    [504, 'function.timed_out'],
  ])('that answers with %i has failed with %s', async (status, code) => {
    let asked = 0
    const result = await ask((_, response) => {
      asked += 1
      response.writeHead(status, { location: '/elsewhere' }).end('what the operator should read')
    })
    expect(result).toMatchObject({ code })
    expect(asked).toBe(1)
  })

  it('is asked again, with another ticket, only where it is idempotent', async () => {
    const tickets: string[] = []
    const flaky: RequestListener = (request, response) => {
      tickets.push(String(request.headers['sallyport-ticket']))
      response.writeHead(tickets.length < 3 ? 503 : 200, { 'content-type': 'application/json' }).end('1')
    }
    const invocation = { id: 'e'.repeat(32) }
    expect(await ask(flaky, { idempotent: true }, invocation)).toMatchObject({ kind: 'response' })
    const attempts = tickets.map(
      (ticket) => JSON.parse(Buffer.from(ticket.split('.')[1] ?? '', 'base64url').toString()).jti,
    )
    expect(new Set(attempts).size).toBe(3)
    expect(attempts[0]).toBe(invocation.id)
    expect(output.map(({ text: line }) => line)).toEqual(
      [1, 2].map((at) => expect.stringContaining(`function.busy; tried again as ${attempts[at]}`)),
    )
    expect(await ask((_, response) => response.writeHead(503).end(), { idempotent: true })).toMatchObject({
      code: 'function.busy',
    })
  })

  it('is not asked again before it wants to be, when that is after the deadline', async () => {
    let asked = 0
    const result = await ask(
      (_, response) => {
        asked += 1
        response.writeHead(429, { 'retry-after': '60' }).end()
      },
      { idempotent: true },
    )
    expect(result).toMatchObject({ code: 'function.busy' })
    expect(asked).toBe(1)
  })

  it('is hung up on at the deadline', async () => {
    const gone = Promise.withResolvers<string>()
    const result = await ask(
      (_, response) => response.once('close', () => gone.resolve('hung up')),
      {},
      {
        deadline: Date.now() + 200,
      },
    )
    expect(result).toMatchObject({ code: 'function.timed_out' })
    expect(await gone.promise).toBe('hung up')
  })

  it('may stream, and whoever stops reading stops it', async () => {
    const gone = Promise.withResolvers<string>()
    const streams: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('first')
      const more = setInterval(() => response.write('more'), 20)
      response.once('close', () => {
        clearInterval(more)
        gone.resolve('stopped')
      })
    }
    const streamed = Promise.withResolvers<StreamedAnswer>()
    const result = ask(streams, {}, { onStream: streamed.resolve })
    const { status, headers, body } = await streamed.promise
    expect([status, headers]).toEqual([200, [['content-type', 'text/plain']]])
    expect(Buffer.from((await body.next()).value).toString()).toMatch(/^first/)
    await body.return?.()
    expect(await gone.promise).toBe('stopped')
    expect((await result).kind).toBe('response')
  })

  it('whose stream breaks off has failed, for its reader too', async () => {
    const streamed = Promise.withResolvers<StreamedAnswer>()
    const result = ask(
      (_, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' }).write('first')
        setTimeout(() => response.destroy(), 50)
      },
      {},
      { onStream: streamed.resolve },
    )
    const { body } = await streamed.promise
    await expect(Array.fromAsync(body)).rejects.toThrow()
    expect(await result).toMatchObject({ code: 'function.threw' })
  })

  it('is not called at a private address that was not written down as one', async () => {
    let reached = 0
    const count: RequestListener = (_, response) => {
      reached += 1
      response.writeHead(200, { 'content-type': 'application/json' }).end('1')
    }
    expect(await ask(count, { privateUpstream: false })).toMatchObject({ code: 'function.unreachable' })
    expect(reached).toBe(0)
    expect(await ask(count), 'control').toMatchObject({ kind: 'response' })
  })
})
