import { connect } from 'node:net'

import { anonymous, type AccessRequest, type Grant, sealGrant, sealReceipt } from '@sallyport/core/access'
import type { Gate, Outcome } from '@sallyport/core/enforcement'
import { expect, test } from 'vitest'

import type { InvocationResult, StreamedAnswer } from '../host/index.ts'
import { startGateway } from './listener.ts'
import type { IngressRequest, IngressResponse } from './request.ts'
import { streamedResponse } from './streamed.ts'

const asked: AccessRequest = {
  id: 'd1',
  transaction: 't1',
  subject: anonymous,
  action: 'sallyport:CallRoute',
  resource: 'arn:sallyport:route:test:public:shop/GET /',
  context: {},
  actors: [],
}
const receipt = sealReceipt({ decision: 'd1', leafIndex: 0n, durability: 'synced' })
const decision = { effect: 'allow', id: 'd1', asked: [asked], reasons: [] } as const
const grant: Grant = sealGrant({ decision, receipt, expiresAt: 1_000, epochs: new Map() })

/** A function that streams these words, then ends well, or breaks off. */
function answering(words: readonly string[], fails = false) {
  const { promise: invoked, resolve } = Promise.withResolvers<InvocationResult>()
  let returned = false
  const left = [...words]
  const body: StreamedAnswer['body'] = {
    [Symbol.asyncIterator]: () => body,
    next: async () => {
      const word = left.shift()
      if (word !== undefined) return { done: false, value: Buffer.from(word) }
      resolve(
        fails ? { kind: 'error', code: 'function.threw', message: 'midway' } : { kind: 'response', body: Buffer.of() },
      )
      if (fails) throw new Error('midway')
      return { done: true, value: undefined }
    },
    return: async () => {
      returned = true
      resolve({ kind: 'response', body: Buffer.of() })
      return { done: true, value: undefined }
    },
  }
  const answer: StreamedAnswer = { status: 200, headers: [['content-type', 'text/plain']], body }
  return { answer, invoked, wasReturned: () => returned }
}

function passed(words: readonly string[], { fails = false, endsAfter = Infinity } = {}) {
  const made = answering(words, fails)
  let current = true
  let reads = 0
  const rooms = { isCurrent: () => current, whenEnded: () => () => undefined }
  const { response, outcome } = streamedResponse(made.answer, made.invoked, grant, rooms)
  const read = async (): Promise<string> => {
    let text = ''
    for await (const part of response.stream ?? []) {
      text += Buffer.from(part).toString()
      reads += 1
      if (reads >= endsAfter) current = false
    }
    return text
  }
  return { ...made, response, outcome, read }
}

test('a streamed answer goes out as it is made, and is done when the function is', async () => {
  const { read, outcome } = passed(['a', 'b'])
  expect(await read()).toBe('ab')
  expect(await outcome).toEqual<Outcome>({ outcome: 'done', status: 200 })
})

test('an answer that breaks off has failed, and is not taken for whole', async () => {
  const { read, outcome } = passed(['a'], { fails: true })
  await expect(read()).rejects.toThrow('midway')
  expect(await outcome).toMatchObject({ outcome: 'failed', detail: 'function.threw' })
})

test('an answer ends in its middle with the right to it', async () => {
  const { read, outcome, wasReturned } = passed(['a', 'b', 'c'], { endsAfter: 1 })
  await expect(read()).rejects.toThrow()
  expect(await outcome).toMatchObject({ outcome: 'aborted', detail: 'grant.ended' })
  expect(wasReturned()).toBe(true)
})

test('a caller who leaves ends the reading, on record', async () => {
  const { response, outcome, wasReturned } = passed(['a', 'b'])
  await response.stream?.next()
  await response.stream?.return?.()
  expect(await outcome).toMatchObject({ outcome: 'aborted', detail: 'the caller left' })
  expect(wasReturned()).toBe(true)
})

test('on the wire a whole answer has its end, and a broken one has none', async () => {
  let fails = false
  const gate = {
    authenticate: () => anonymous,
    describe: () => [asked],
    gather: (one: unknown) => one,
    decide: () => ({ effect: 'deny' }),
    record: () => Promise.resolve(receipt),
    refuse: (): IngressResponse => passed(['a', 'b'], { fails }).response,
  } as unknown as Gate<IngressRequest, IngressResponse> // a fake with only the steps that a refusal takes
  const gateway = await startGateway({
    port: 0,
    gate,
    route: () => undefined,
    mayKnock: () => true,
    onFailure: () => undefined,
    nowMs: () => 0,
  })
  const ask = async (method: string): Promise<string> => {
    const { port, host } = new URL(gateway.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(`${method} / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
    const parts: Buffer[] = []
    socket.on('data', (part: Buffer) => parts.push(part))
    socket.on('error', () => undefined) // a reset is one way to say that it broke off
    await new Promise((resolve) => socket.once('close', resolve))
    return Buffer.concat(parts).toString('latin1')
  }
  try {
    expect(await ask('GET')).toMatch(/transfer-encoding: chunked\r\n[^]*1\r\na\r\n1\r\nb\r\n0\r\n\r\n$/i)
    expect(await ask('HEAD')).toMatch(/200 OK[^]*\r\n\r\n$/)
    fails = true
    expect(await ask('GET')).not.toContain('\r\n0\r\n\r\n')
  } finally {
    await gateway.close()
  }
})
