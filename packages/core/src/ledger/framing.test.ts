import { hash } from 'node:crypto'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { encodeEntry, findEntry, frameHeaderBytes, hashLeaf, maxEntryBytes, readEntries, sealFrame } from './index.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')
const payloads = ['ab', 'c', '{"kind":"gap"}', 'é'.repeat(200)].map((text) => Buffer.from(text))
const segment = Buffer.concat(payloads.map((payload) => encodeEntry(payload, sha256)))

test('reads back what was written, with the leaf hash of each entry', () => {
  const { entries, validBytes } = readEntries(segment, sha256)
  expect(validBytes).toBe(segment.length)
  expect(entries.map(({ bytes }) => Buffer.from(bytes))).toEqual(payloads)
  expect(entries.map(({ leafHash }) => Buffer.from(leafHash))).toEqual(
    payloads.map((payload) => Buffer.from(hashLeaf(sha256, payload))),
  )
})

test('finds a torn tail at every byte and keeps every entry before it', () => {
  const ends = payloads.map((_, index) =>
    payloads.slice(0, index + 1).reduce((sum, { length }) => sum + frameHeaderBytes + length, 0),
  )
  for (let cut = 0; cut <= segment.length; cut++) {
    const { entries, validBytes } = readEntries(segment.subarray(0, cut), sha256)
    const whole = ends.filter((end) => end <= cut)
    expect(entries).toHaveLength(whole.length)
    expect(validBytes).toBe(whole.at(-1) ?? 0)
  }
})

test('stops at a changed byte wherever it is, and finds the intact entry after it', () => {
  const second = frameHeaderBytes + 2
  for (let offset = 0; offset < segment.length; offset++) {
    const damaged = Buffer.from(segment)
    damaged[offset] = (damaged[offset] ?? 0) ^ 0x10
    expect(readEntries(damaged, sha256).validBytes).toBeLessThanOrEqual(offset)
  }
  const damaged = Buffer.from(segment)
  damaged[second - 1] = 0x7a
  expect(readEntries(damaged, sha256).validBytes).toBe(0)
  expect(findEntry(damaged, 1, sha256)).toBe(second)
  expect(findEntry(segment.subarray(0, -1), segment.length - 10, sha256)).toBeUndefined()
})

test('reads zeroes, as a file system leaves them after a loss of power, as no entry', () => {
  expect(readEntries(new Uint8Array(4096), sha256)).toEqual({ entries: [], validBytes: 0 })
})

/** A frame as somebody else could write it: whatever stands in front, its check bytes are right. */
function framed(prefix: number, entry: Uint8Array, stated = entry.length): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(stated)
  const body = Buffer.concat([Uint8Array.of(prefix), entry])
  return Buffer.concat([length, sha256(body).subarray(0, 8), body])
}

test.each([
  ['an inner node of the tree', framed(1, Buffer.alloc(64))],
  ['nothing', framed(0, new Uint8Array())],
  ['longer than what is there', framed(0, Buffer.from('x'), 2)],
  ['more than a tile bundle can carry', framed(0, new Uint8Array(maxEntryBytes + 1))],
])('an entry that is %s is none, however well it is framed', (_, frame) => {
  expect(readEntries(framed(0, Buffer.from('x')), sha256).entries).toHaveLength(1)
  expect(readEntries(frame, sha256).entries).toEqual([])
})

test('a frame holds nothing of what stood in its place before', () => {
  const dirty = Buffer.alloc(frameHeaderBytes + 2, 0xff)
  dirty.write('ab', frameHeaderBytes)
  sealFrame(dirty, 0, 2, sha256)
  expect(dirty).toEqual(Buffer.from(encodeEntry(Buffer.from('ab'), sha256)))
})

test('never throws on any bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => readEntries(bytes, sha256).validBytes >= 0))
})

test('refuses an entry that no tile bundle could carry, and an empty one', () => {
  expect(() => encodeEntry(new Uint8Array(0), sha256)).toThrow(RangeError)
  expect(() => encodeEntry(new Uint8Array(maxEntryBytes + 1), sha256)).toThrow(RangeError)
  expect(readEntries(encodeEntry(new Uint8Array(maxEntryBytes), sha256), sha256).entries).toHaveLength(1)
})
