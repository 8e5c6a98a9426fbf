import { PassThrough } from 'node:stream'

import { type Grant, sealGrant, sealReceipt } from '@sallyport/core/access'
import { expect, test } from 'vitest'

import type { InvocationResult } from '../host/index.ts'
import { type StandingGrants, streamedInvocation, underGrant } from './streamed.ts'

const asked = { id: 'd1', transaction: 't', subject: { kind: 'anonymous', id: '', name: '', roles: [] } } as const
const grant: Grant = sealGrant({
  decision: {
    effect: 'allow',
    id: 'd1',
    asked: [{ ...asked, action: 'a', resource: 'r', context: {}, actors: [] }],
    reasons: [],
  },
  receipt: sealReceipt({ decision: 'd1', leafIndex: 0n, durability: 'written' }),
  expiresAt: 1,
  epochs: new Map(),
})

/** A function that streams what is written, under a grant that ends when it is told to. */
function streaming(isCurrent = true) {
  const parts = new PassThrough()
  const result = Promise.withResolvers<InvocationResult>()
  const chunks: AsyncIterator<Buffer> = parts[Symbol.asyncIterator]()
  let [left, released] = [false, false]
  const body: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => body,
    next: () => chunks.next(),
    return: async () => {
      left = true
      result.resolve({ kind: 'response', body: new Uint8Array() })
      return { done: true, value: undefined }
    },
  }
  let end = (): void => undefined
  const grants: StandingGrants = {
    isCurrent: () => isCurrent,
    whenEnded: (_, tell) => {
      end = tell
      return () => (released = true)
    },
  }
  const answer = streamedInvocation({ status: 201, headers: [], body }, result.promise)
  if (answer.stream === undefined) throw new Error('it does not stream')
  const under = underGrant(answer.stream, grant, grants)
  const state = (): object => ({ left, released })
  return { ...under, write: (text: string) => void parts.write(text), result, end: () => end(), state }
}

test('what a function streams comes part by part, and how it ended is the outcome', async () => {
  const { stream, outcome, write, result, state } = streaming()
  write('one')
  expect(String((await stream.body.next()).value)).toBe('one')
  write('two')
  expect(String((await stream.body.next()).value)).toBe('two')
  result.resolve({ kind: 'error', code: 'function.threw', message: 'm' })
  expect(await outcome).toEqual({ outcome: 'failed', status: 201, detail: 'function.threw' })
  expect(state()).toEqual({ left: false, released: true })
})

test('it breaks off when the right to it ends, also while nothing comes', async () => {
  const { stream, outcome, end, state } = streaming()
  const next = stream.body.next()
  end()
  await expect(next).rejects.toThrow('the right to this answer ended')
  expect(await outcome).toEqual({ outcome: 'aborted', status: 201, detail: 'grant.ended' })
  expect(state()).toEqual({ left: true, released: true })
})

test('it does not begin where the right had ended before', async () => {
  const { stream, outcome } = streaming(false)
  await expect(stream.body.next()).rejects.toThrow('the right to this answer ended')
  expect(await outcome).toMatchObject({ outcome: 'aborted' })
})

test('a reader that leaves is told of, and the function too', async () => {
  const { stream, outcome, state } = streaming()
  await stream.body.return?.()
  expect(await outcome).toEqual({ outcome: 'aborted', status: 201, detail: 'the caller left' })
  expect(state()).toEqual({ left: true, released: true })
})
