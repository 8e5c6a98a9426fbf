import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createRests, gather, isTooFine } from './gather.ts'

test('parts of any size make the whole, in their order', () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 30 }),
    fc.integer({ min: 1_000, max: 20_000 }).map((length) => new Uint8Array(length).fill(length)),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const gathering = gather()
      for (const one of parts) gathering.add(one)
      expect(gathering.whole().equals(Buffer.concat(parts))).toBe(true)
    }),
  )
})

test('one large part is handed on as it is', () => {
  const part = Buffer.alloc(5_000)
  const gathering = gather()
  gathering.add(part)
  expect(gathering.whole()).toBe(part)
})

test('what comes byte by byte is not held part by part', () => {
  const gathering = gather()
  const bytes = Buffer.alloc(1)
  for (let at = 0; at < 100_000; at++) {
    bytes[0] = at % 251
    gathering.add(bytes) // one and the same, so whoever held it would see its last byte alone
  }
  const whole = gathering.whole()
  expect(whole.length).toBe(100_000)
  expect(whole.every((byte, at) => byte === at % 251)).toBe(true)
})

test('who sends many fine parts is given longer and longer rests, and who sends others none', () => {
  const restAfter = createRests()
  expect([restAfter(511, 511), restAfter(512, 512 * 32), restAfter(1, 1)]).toEqual([0, 0, 0])
  expect(Array.from({ length: 5 }, () => restAfter(512, 512))).toEqual([10, 20, 40, 80, 100])
})

test('packets are never too fine, and bytes one by one are', () => {
  expect(isTooFine(4_096, 4_096)).toBe(false)
  expect(isTooFine(80_000, 100 * 1024 * 1024)).toBe(false)
  expect(isTooFine(5_000, 5_000)).toBe(true)
})
