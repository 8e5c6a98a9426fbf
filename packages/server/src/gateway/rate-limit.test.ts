import { expect, test } from 'vitest'

import { createKnocks, createLimiter, createShares } from './rate-limit.ts'

test('allows the calls of one interval at once and then one per share of it', () => {
  let now = 0
  const limiter = createLimiter(() => now)
  const limit = { calls: 2, perMs: 1000 }
  expect([limiter('alice', limit), limiter('alice', limit)]).toEqual([0, 0])
  expect(limiter('alice', limit)).toBe(500)
  expect(limiter('bob', limit)).toBe(0)
  now = 500
  expect(limiter('alice', limit)).toBe(0)
  expect(limiter('alice', limit)).toBeGreaterThan(0)
})

test('a clock that steps back gives nobody anything', () => {
  let now = 1000
  const limiter = createLimiter(() => now)
  const limit = { calls: 1, perMs: 1000 }
  expect(limiter('alice', limit)).toBe(0)
  now = 0
  expect(limiter('alice', limit)).toBeGreaterThan(0)
})

test('invented keys do not grow memory', () => {
  const limiter = createLimiter(() => 0, undefined, 3)
  const limit = { calls: 1, perMs: 1000 }
  for (const key of ['a', 'b', 'c', 'd']) limiter(key, limit)
  expect(limiter('d', limit)).toBeGreaterThan(0)
  expect(limiter('a', limit)).toBe(0)
})

const day = { calls: 2, perMs: 86_400_000 }
const second = { calls: 2, perMs: 1_000 }

test('a limit by the day is as used up after a restart as before, and is refilled meanwhile', () => {
  let now = 1_000
  const rows = new Map<string, string>()
  const kept = { get: (key: string) => rows.get(key), put: (key: string, value: string) => void rows.set(key, value) }
  const before = createLimiter(() => now, kept)
  expect([before('door', day), before('door', day)]).toEqual([0, 0])
  const after = createLimiter(() => now, kept)
  expect(after('door', day)).toBeGreaterThan(0)
  expect(after('another', day), 'control').toBe(0)
  now += 43_200_000
  expect(createLimiter(() => now, kept)('door', day)).toBe(0)
})

test('what is forgotten for want of memory is still known of a limit by the day', () => {
  const rows = new Map<string, string>()
  const kept = { get: (key: string) => rows.get(key), put: (key: string, value: string) => void rows.set(key, value) }
  const limiter = createLimiter(() => 0, kept, 1)
  for (const key of ['door', 'door', 'another']) limiter(key, day)
  expect(limiter('door', day)).toBeGreaterThan(0)
})

test('a limit by the second writes nothing down', () => {
  const rows = new Map<string, string>()
  createLimiter(() => 0, { get: (key) => rows.get(key), put: (key, value) => void rows.set(key, value) })('x', second)
  expect(rows.size).toBe(0)
})

test('a call whose taking cannot be written down is not let through', () => {
  const full = (): never => {
    throw new Error('the disk is full')
  }
  const limiter = createLimiter(() => 0, { get: () => undefined, put: full })
  expect(() => limiter('door', day)).toThrow('full')
  expect(limiter('door', second)).toBe(0)
})

test('a network of IPv6 knocks as often as one address of IPv4, and others meanwhile', () => {
  const mayKnock = createKnocks(() => 0)
  const admitted = Array.from({ length: 500 }, (_, at) => mayKnock(`2001:db8::${at.toString(16)}`)).filter(Boolean)
  expect(admitted).toHaveLength(400)
  expect([mayKnock('2001:db8:0:1::1'), mayKnock('192.0.2.1'), mayKnock('2001:db8::ffff')]).toEqual([true, true, false])
})

test('one network holds its share of connections, and others theirs; who leaves makes room', () => {
  const seats = createShares(2)
  expect(['2001:db8::1', '2001:db8::2', '2001:db8::3', '192.0.2.1'].map((one) => seats.take(one))).toEqual([
    true,
    true,
    false,
    true,
  ])
  seats.leave('2001:db8::1')
  expect([seats.take('2001:db8::3'), seats.take('2001:db8::1')]).toEqual([true, false])
})

test('what is held in all has an end, whoever holds it', () => {
  const bytes = createShares(60, 100)
  expect([bytes.take('192.0.2.1', 60), bytes.take('192.0.2.2', 60), bytes.take('192.0.2.2', 40)]).toEqual([
    true,
    false,
    true,
  ])
  bytes.leave('192.0.2.1', 60)
  expect([bytes.take('192.0.2.3', 61), bytes.take('192.0.2.3', 60)]).toEqual([false, true])
})
