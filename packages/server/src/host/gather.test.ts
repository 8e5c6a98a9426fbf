import fc from 'fast-check'
import { expect, test } from 'vitest'

import { createRests, gather, gatherInto, isTooFine } from './gather.ts'

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

test('parts that nobody else has are given back once they are part of a whole of known length', () => {
  const [own, shared] = [Buffer.allocUnsafeSlow(70_000).fill(1), Buffer.alloc(20).fill(2)]
  const gathering = gatherInto(70_010)
  gathering.add(own)
  gathering.add(shared.subarray(0, 10))
  expect([own.length, shared.length]).toEqual([0, 20])
  expect(gathering.whole()).toEqual(Buffer.concat([Buffer.alloc(70_000, 1), Buffer.alloc(10, 2)]))
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
