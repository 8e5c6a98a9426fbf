import { randomBytes } from 'node:crypto'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { invocationOf } from '../testing/make-engine.ts'
import { remote } from '../testing/http-engine.ts'
import { maxResponseBytes } from '../runtime/runtime-api.ts'
import { readAll } from './attempt.ts'
import { createHttpEngine } from './http-engine.ts'
import type { RemoteAnswer } from './remote-function.ts'

let sent: number
let answer: () => Promise<RemoteAnswer>
let engine: ReturnType<typeof createHttpEngine>
beforeEach(() => {
  sent = 0
  answer = async () => json(Buffer.from('1'))
  engine = createHttpEngine({
    send: () => {
      sent += 1
      return answer()
    },
    signTicket: async () => 'a ticket',
    onOutput: () => undefined,
    clock: Date.now,
    random: (bytes) => randomBytes(bytes),
  })
})
afterEach(() => engine.close())

const json = (body: RemoteAnswer['body']): RemoteAnswer => ({
  status: 200,
  headers: [['content-type', 'application/json']],
  body,
  trailers: () => [],
})

test('an answer from elsewhere is as long as one from here may be', async () => {
  await engine.deploy([remote('http://127.0.0.1/run')])
  answer = async () => json(Buffer.alloc(maxResponseBytes, '1'))
  expect((await engine.invoke(invocationOf({}))).kind, 'control').toBe('response')
  answer = async () => json(Buffer.alloc(maxResponseBytes + 1, '1'))
  expect(await engine.invoke(invocationOf({}))).toMatchObject({ code: 'function.output_too_large' })
})

test('what is read whole has its bound, in one piece and in many', async () => {
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for (let piece = 0; piece < 3; piece += 1) yield Buffer.alloc(4)
  }
  expect([(await readAll(Buffer.alloc(12), 12))?.length, (await readAll(pieces(), 12))?.length]).toEqual([12, 12])
  expect([await readAll(Buffer.alloc(12), 11), await readAll(pieces(), 11)]).toEqual([undefined, undefined])
})

test('who waits in vain for another call to end is not sent after all', async () => {
  await engine.deploy([remote('http://127.0.0.1/run', { maxCalls: 1, maxWaiting: 1 })])
  const { promise, resolve } = Promise.withResolvers<RemoteAnswer>()
  answer = () => promise
  const first = engine.invoke(invocationOf({}))
  const late = engine.invoke(invocationOf({}, { deadline: Date.now() + 20 }))
  expect(await late).toMatchObject({ code: 'function.busy' })
  resolve(json(Buffer.from('1')))
  expect((await first).kind).toBe('response')
  expect(sent).toBe(1)
  expect((await engine.invoke(invocationOf({}))).kind, 'control: the lane is free again').toBe('response')
})

test('nothing is sent for a server that stops', async () => {
  await engine.deploy([remote('http://127.0.0.1/run')])
  await engine.invoke(invocationOf({}))
  expect(sent, 'control').toBe(1)
  await engine.close()
  expect(await engine.invoke(invocationOf({}))).toMatchObject({ code: 'function.busy' })
  expect(sent).toBe(1)
})
