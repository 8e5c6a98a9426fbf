import { hash } from 'node:crypto'

import { expect, test } from 'vitest'

import {
  type Consistency,
  equalHashes,
  hashEmpty,
  hashNode,
  type Inclusion,
  isSubtree,
  type Sha256,
  type SubtreeConsistency,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
} from './index.ts'

// Whoever forked the log writes the proof: each of these adds up, and states what is not so.
const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((text) => sha256(Buffer.from(text))) as [Buffer, Buffer, Buffer, Buffer]
const node = (left: Uint8Array, right: Uint8Array): Uint8Array => hashNode(sha256, left, right)
const [ab, cd] = [node(a, b), node(c, d)]
const beyond = 1n << 64n

const included: Inclusion = { leafIndex: 1n, treeSize: 4n, leafHash: b, root: node(ab, cd), proof: [a, cd] }

test.each<[string, Partial<Inclusion>]>([
  ['at a place behind its tree', { leafIndex: 1n, treeSize: 1n, root: b, proof: [] }],
  ['at a place before its tree', { leafIndex: -1n, treeSize: 1n, root: b, proof: [] }],
  ['in a tree larger than any', { leafIndex: beyond, treeSize: beyond + 1n, leafHash: b, root: ab, proof: [a] }],
  ['in a tree that is smaller than its proof', { leafIndex: 0n, treeSize: 1n, root: ab, proof: [a] }],
  ['in a tree that is larger than its proof', { root: ab, proof: [a] }],
  ['in a tree with another root', { root: a }],
  [
    'by a sibling that holds a byte of it',
    { leafHash: b.subarray(1), proof: [Buffer.concat([a, b.subarray(0, 1)]), cd] },
  ],
])('a leaf is not included %s', (_, changes) => {
  expect(verifyInclusion(sha256, included)).toBe(true)
  expect(verifyInclusion(sha256, { ...included, ...changes })).toBe(false)
})

const grown: Consistency = { size1: 3n, size2: 4n, root1: node(ab, c), root2: node(ab, cd), proof: [c, d, ab] }
const one = { size1: 1n, root1: a }

test.each<[string, Partial<Consistency>]>([
  ['of nothing', { size1: 0n, root1: hashEmpty(sha256), proof: [] }],
  ['of a larger one', { size1: 2n, size2: 1n, root1: a, root2: a, proof: [] }],
  ['to more than any tree', { size1: beyond, size2: beyond + 1n, root1: a, root2: ab, proof: [b] }],
  ['in place', { ...one, size2: 1n, root2: node(b, a), proof: [b] }],
  ['further than its proof', { ...one, root2: ab, proof: [b] }],
  ['from another beginning', { root1: node(ab, d) }],
  ['to another end', { root2: node(ab, c) }],
  ['without its first hash', { proof: [] }],
  ['by a hash of another length', { ...one, root2: node(a, b.subarray(1)), size2: 2n, proof: [b.subarray(1)] }],
])('a tree did not grow %s', (_, changes) => {
  expect(verifyConsistency(sha256, grown)).toBe(true)
  expect(verifyConsistency(sha256, { ...grown, ...changes })).toBe(false)
})

const part: SubtreeConsistency = { start: 2n, end: 4n, size: 4n, root1: cd, root2: node(ab, cd), proof: [ab] }
const empty: Partial<SubtreeConsistency> = { start: 2n, end: 2n, root1: hashEmpty(sha256), proof: [] }

test.each<[string, Partial<SubtreeConsistency>]>([
  ['where no node could cover it', { start: 1n, end: 3n, size: 3n, root1: a, root2: a, proof: [] }],
  ['when it is empty and has a proof', { ...empty, proof: [ab] }],
  ['when it is empty and has a leaf', { ...empty, root1: a }],
])('a subtree does not belong to a tree %s', (_, changes) => {
  expect(verifySubtreeConsistency(sha256, part)).toBe(true)
  expect(verifySubtreeConsistency(sha256, { ...part, ...empty })).toBe(true)
  expect(verifySubtreeConsistency(sha256, { ...part, ...changes })).toBe(false)
})

test('a subtree begins at a multiple of the power of two that holds it', () => {
  const ranges: readonly [bigint, bigint][] = [
    [0n, 0n],
    [4n, 8n],
    [4n, 7n],
    [6n, 8n],
    [2n, 6n],
    [3n, 2n],
    [-4n, 0n],
  ]
  expect(ranges.map((range) => isSubtree(...range))).toEqual([true, true, true, true, false, false, false])
})

test('a hash is not equal to one that it begins', () => {
  expect(equalHashes(a, Buffer.from(a))).toBe(true)
  expect(equalHashes(a.subarray(0, 4), a)).toBe(false)
  expect(equalHashes(a, a.subarray(0, 4))).toBe(false)
})
