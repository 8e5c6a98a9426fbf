import { hash } from 'node:crypto'

import { expect, test } from 'vitest'

import { type Sha256 } from './index.ts'
import { proveConsistency, proveInclusion, subtreeHashOf } from './proof.ts'

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
const subtree = subtreeHashOf(
  sha256,
  ['a', 'b', 'c'].map((text) => sha256(Buffer.from(text))),
)

test('no leaf is proved that is not there', () => {
  expect(proveInclusion(subtree, 2n, 3n)).toHaveLength(1)
  for (const at of [-1n, 3n, 4n]) expect(() => proveInclusion(subtree, at, 3n)).toThrow(RangeError)
})

test('no growth is proved from a tree that never was', () => {
  expect(proveConsistency(subtree, 2n, 3n)).toHaveLength(1)
  for (const size of [0n, 4n]) expect(() => proveConsistency(subtree, size, 3n)).toThrow(RangeError)
})
