import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'

import { afterEach, describe, expect, it } from 'vitest'

import type { InvocationResult } from '../host/index.ts'
import type { EgressRooms } from './rooms.ts'
import { alice, ask, codeOf, type Harness, openHarness } from './testing/harness.ts'

let harness: Harness
afterEach(() => harness.close())

describe('a call from function to function', () => {
  it('carries the person, the transaction and the chain of actors', async () => {
    harness = await openHarness({ functionName: 'orders' })
    const answer = await ask(harness, 'http://payments.fn.internal/charge', {
      body: '{"amountMinor":1}',
      headers: { 'content-type': 'application/json', authorization: 'Bearer forged', 'x-sallyport-user': 'bob' },
    })
    expect(answer).toMatchObject({ status: 201, body: '{"ok":true}' })
    const orders = 'arn:sallyport:function:checkout:internal:orders'
    expect(harness.decisions).toMatchObject([
      {
        effect: 'allow',
        subject: orders,
        asked: [
          {
            action: 'sallyport:InvokeFunction',
            resource: 'arn:sallyport:function:checkout:restricted:payments/charge',
          },
        ],
        context: {
          'sallyport:SourceZone': 'internal',
          'sallyport:TransactionUser': 'alice',
          'sallyport:ActorChain': [orders],
        },
      },
    ])
    const [call] = harness.calls
    expect(call).toMatchObject({
      functionName: 'payments',
      transaction: 't1',
      user: alice,
      actors: [orders],
      decision: harness.decisions[0]?.id,
    })
    const event: unknown = JSON.parse(Buffer.from(call?.eventFor('r1') ?? []).toString())
    expect(event).toMatchObject({
      routeKey: 'POST /charge',
      body: '{"amountMinor":1}',
      requestContext: {
        requestId: 'r1',
        authorizer: { jwt: { claims: { sub: 'alice' } }, lambda: { caller: orders, transaction: 't1' } },
      },
    })
    expect(JSON.stringify(event)).not.toMatch(/forged|x-sallyport-user/)
  })

  it('leaves its connection to the next one, however fast it is answered', async () => {
    harness = await openHarness({ functionName: 'orders' })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ports = new Set<number | undefined>()
    for (let call = 0; call < 3; call++) {
      const headers = { host: 'payments.fn.internal', 'content-type': 'application/json' }
      const message = request({ port: harness.httpPort, path: '/charge', method: 'POST', headers, agent })
      message.once('socket', (socket) => socket.once('close', () => ports.add(-1)))
      message.end('{}')
      const [response]: IncomingMessage[] = await once(message, 'response')
      ports.add(response?.socket.localPort)
      expect(response?.headers.connection).toBe('keep-alive')
      if (response !== undefined) await text(response)
    }
    expect(ports.size).toBe(1)
    agent.destroy()
  })

  const refused: readonly [string, string, string, string][] = [
    ['a function that the caller may not call', 'storefront', 'http://payments.fn.internal/charge', 'zone.closed'],
    ['an operation that is not offered', 'orders', 'http://payments.fn.internal/steal', 'function.operation_unlisted'],
    ['a function that does not exist', 'orders', 'http://ledger.fn.internal/read', 'function.unlisted'],
    ['a name from the prototype', 'orders', 'http://constructor.fn.internal/name', 'function.unlisted'],
    ['an operation behind a slash', 'orders', 'http://payments.fn.internal/charge/x', 'function.operation_unlisted'],
  ]
  for (const [what, functionName, url, code] of refused) {
    it(`refuses ${what}, and lets orders create a charge`, async () => {
      harness = await openHarness({ functionName })
      expect(codeOf(await ask(harness, url))).toBe(code)
      expect(harness.calls).toEqual([])
      await harness.close()
      harness = await openHarness({ functionName: 'orders' })
      expect(await ask(harness, 'http://payments.fn.internal/charge')).toMatchObject({ status: 201 })
    })
  }

  it('ends circles after sixteen functions', async () => {
    harness = await openHarness({ functionName: 'orders' })
    const running = harness.invocation
    if (!running) throw new Error('the harness starts with an invocation')
    harness.invocation = { ...running, actors: Array.from({ length: 15 }, () => 'a') }
    expect(await ask(harness, 'http://payments.fn.internal/charge')).toMatchObject({ status: 201 })
    harness.invocation = { ...running, actors: Array.from({ length: 16 }, () => 'a') }
    expect(codeOf(await ask(harness, 'http://payments.fn.internal/charge'))).toBe('call.too_deep')
  })

  it('answers for a function that failed without its message', async () => {
    harness = await openHarness({
      functionName: 'orders',
      rooms: { invokeFunction: async () => ({ kind: 'error', code: 'function.timed_out', message: 'inner words' }) },
    })
    const answer = await ask(harness, 'http://payments.fn.internal/charge')
    expect(answer).toMatchObject({ status: 504, body: expect.not.stringContaining('inner words') })
    expect(harness.others).toMatchObject([{ outcome: 'failed', detail: expect.stringMatching(/^function\.timed_out/) }])
  })
})

describe('a call that goes wrong', () => {
  const url = 'http://payments.fn.internal/charge'
  const opened = async (invokeFunction: EgressRooms['invokeFunction']): Promise<void> => {
    harness = await openHarness({ functionName: 'orders', rooms: { invokeFunction } })
  }

  it('is answered so where what the function returned is no answer', async () => {
    await opened(async () => ({ kind: 'response', body: Buffer.from('{') }))
    const answer = await ask(harness, url)
    expect([answer.status, codeOf(answer)]).toEqual([502, 'function.bad_response'])
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'failed' }])
  })

  it('is over with the right to it, whatever the function still does', async () => {
    const begun = Promise.withResolvers<void>()
    await opened(() => {
      begun.resolve()
      return new Promise(() => undefined)
    })
    const answer = ask(harness, url)
    await begun.promise
    harness.revoke()
    expect(codeOf(await answer)).toBe('grant.ended')
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'aborted', detail: 'grant.ended' }])
  })

  it('hands on nothing of a stream that begins in the moment in which the right to it ends', async () => {
    let left = false
    await opened(({ onStream }) => {
      const body: AsyncIterableIterator<Uint8Array> = {
        [Symbol.asyncIterator]: () => body,
        next: () => new Promise(() => undefined),
        return: async () => {
          left = true
          return { done: true, value: undefined }
        },
      }
      onStream?.({ status: 200, headers: [], body })
      harness.revoke()
      return new Promise(() => undefined)
    })
    await expect(ask(harness, url)).rejects.toThrow()
    await expect.poll(() => left).toBe(true)
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'aborted', detail: 'grant.ended' }])
  })
})

describe('an answer that another function streams', () => {
  /** A function that streams what it is told to, and says what became of it. */
  async function streaming(): Promise<{
    readonly response: Promise<IncomingMessage>
    readonly say: (words: string) => void
    readonly end: (failure?: string) => void
    readonly left: () => boolean
  }> {
    const parts = new PassThrough()
    const result = Promise.withResolvers<InvocationResult>()
    let left = false
    harness = await openHarness({
      functionName: 'orders',
      rooms: {
        invokeFunction: ({ onStream }) => {
          const chunks: AsyncIterator<Buffer> = parts[Symbol.asyncIterator]()
          const body: AsyncIterableIterator<Uint8Array> = {
            [Symbol.asyncIterator]: () => body,
            next: () => chunks.next(),
            return: async () => {
              left = true
              result.resolve({ kind: 'response', body: new Uint8Array() })
              return { done: true, value: undefined }
            },
          }
          onStream?.({ status: 200, headers: [['content-type', 'text/plain']], body })
          return result.promise
        },
      },
    })
    const message = request({ port: harness.httpPort, method: 'POST', path: '/charge', agent: false })
    message.setHeader('host', 'payments.fn.internal')
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      message.on('response', resolve).on('error', reject)
    })
    message.end('{}')
    return {
      response,
      say: (words) => void parts.write(words),
      end: (failure) => {
        if (failure === undefined) result.resolve({ kind: 'response', body: new Uint8Array() })
        else result.resolve({ kind: 'error', code: failure, message: 'inner words' })
        if (failure === undefined) parts.end()
        else parts.destroy(new Error('inner words'))
      },
      left: () => left,
    }
  }

  it('arrives as it is made', async () => {
    const { response, say, end } = await streaming()
    say('one')
    const answer = await response
    const [first] = await once(answer, 'data')
    expect([answer.statusCode, String(first)]).toEqual([200, 'one'])
    expect(harness.others).toEqual([]) // it goes on
    say('two')
    end()
    expect(await text(answer)).toBe('two')
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'done', status: 200 }])
  })

  it('breaks off where the function fails, and is no short answer', async () => {
    const { response, say, end } = await streaming()
    say('one')
    const answer = await response
    await once(answer, 'data')
    end('function.threw')
    await expect(text(answer)).rejects.toThrow('aborted')
    await expect.poll(() => harness.others).toMatchObject([{ outcome: 'failed', detail: 'function.threw' }])
  })

  for (const [what, finish, detail] of [
    ['the invocation that reads it', (): unknown => harness.endInvocation(), 'exit.invocation_ended'],
    ['the right to the call', (): unknown => harness.revoke(), 'grant.ended'],
  ] as const) {
    it(`ends with ${what}`, async () => {
      const { response, say, left } = await streaming()
      say('one')
      const answer = await response
      await once(answer, 'data')
      finish()
      await expect(text(answer)).rejects.toThrow('aborted')
      await expect.poll(left).toBe(true)
      await expect.poll(() => harness.others).toMatchObject([{ outcome: 'aborted', detail }])
    })
  }
})
