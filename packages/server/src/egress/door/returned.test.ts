import { Readable } from 'node:stream'

import { expect, test } from 'vitest'

import { pickFields, wholeAnswer } from './returned.ts'

const picked = (value: unknown, ...fields: readonly string[]): unknown =>
  JSON.parse(pickFields(Buffer.from(JSON.stringify(value)), fields).toString())

test('only the named fields of an answer are let through, at any depth and in lists', () => {
  const answer = { id: 1, secret: 2, charges: [{ amount: 3, card: 4 }], __proto__: { id: 5 } }
  expect(picked(answer, 'id', 'charges.amount')).toEqual({ id: 1, charges: [{ amount: 3 }] })
  expect(picked('text', 'id')).toBeNull()
  expect(picked({ of: { a: 1, b: 2 } }, 'of', 'of.a'), 'a field with all that is in it').toEqual({ of: { a: 1, b: 2 } })
  expect(picked({ constructor: 1, toString: 2 }, 'id')).toEqual({})
})

test('an answer that is no JSON is held back', () => {
  expect(() => pickFields(Buffer.from('<html>'), ['id'])).toThrow(
    expect.objectContaining({ code: 'upstream.not_json' }),
  )
})

test('an answer of objects in objects, deeper than is read, is held back', () => {
  const deep = `${'{"id":'.repeat(200_000)}1${'}'.repeat(200_000)}`
  expect(() => pickFields(Buffer.from(deep), ['id'])).toThrow(expect.objectContaining({ code: 'upstream.too_large' }))
})

test('an answer has so many values, and one with more is held back', () => {
  const list = (count: number): Buffer => Buffer.from(`[${Array(count).fill('1').join()}]`)
  expect(pickFields(list(299_999), ['id'])).toBeInstanceOf(Buffer)
  expect(() => pickFields(list(300_000), ['id'])).toThrow(expect.objectContaining({ code: 'upstream.too_large' }))
})

test('an answer that breaks off is the upstream’s fault, and gives back what it held', async () => {
  let held = 0
  const broken = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.alloc(9)
    throw new Error('other side closed')
  }
  const limits = { maxBytes: 100, reserve: (more: number) => ((held += more), true) }
  await expect(wholeAnswer(Readable.from(broken()), limits, String)).rejects.toMatchObject({ code: 'upstream.failed' })
  expect(held).toBe(0)
})

test('a whole answer has so many bytes, and gives back what it held', async () => {
  let held = 0
  const read = (bytes: number): Promise<number> =>
    wholeAnswer(
      Readable.from([Buffer.alloc(bytes), Buffer.alloc(bytes)]),
      { maxBytes: 100, reserve: (more) => ((held += more), true) },
      ({ length }) => length,
    )
  expect([await read(50), held]).toEqual([100, 0])
  await expect(read(51)).rejects.toMatchObject({ code: 'upstream.too_large' })
  expect(held).toBe(0)
})
