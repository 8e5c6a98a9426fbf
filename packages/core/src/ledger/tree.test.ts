import { hash } from 'node:crypto'

import fc from 'fast-check'
import { expect, test } from 'vitest'

import {
  createCompactRange,
  equalHashes,
  hashLeaf,
  proveConsistency,
  proveInclusion,
  rootOf,
  subtreeHashOf,
  verifyConsistency,
  verifyInclusion,
} from './index.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')
const leaves = Array.from({ length: 70 }, (_, index) => hashLeaf(sha256, Buffer.from(`entry ${index}`)))

test('hashes leaves and nodes as RFC 9162 §2.1.1 says, each under its own prefix', () => {
  const empty = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'
  expect(hex(hashLeaf(sha256, new Uint8Array()))).toBe(empty)
  const pair = Buffer.concat([Uint8Array.of(1), Buffer.from(empty + empty, 'hex')])
  const leaf = Buffer.from(empty, 'hex')
  expect(hex(rootOf(sha256, [leaf, leaf]))).toBe(hex(sha256(pair)))
  expect(hex(rootOf(sha256, []))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
})

test('grows to the same root as the recursive definition, at every size', () => {
  const range = createCompactRange(sha256)
  for (let size = 0; size <= leaves.length; size++) {
    expect(range.size()).toBe(BigInt(size))
    expect(equalHashes(range.root(), rootOf(sha256, leaves.slice(0, size)))).toBe(true)
    const leaf = leaves[size]
    if (leaf) range.append(leaf)
  }
})

test('accepts the inclusion proof of every leaf and refuses it for any other leaf, place, size or root', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), (size, pick) => {
      const index = pick % size
      const kept = leaves.slice(0, size)
      const proof = proveInclusion(subtreeHashOf(sha256, kept), BigInt(index), BigInt(size))
      const root = rootOf(sha256, kept)
      const leafHash = kept[index] ?? new Uint8Array()
      const stated = { leafIndex: BigInt(index), treeSize: BigInt(size), leafHash, root, proof }
      expect(verifyInclusion(sha256, stated)).toBe(true)
      expect(verifyInclusion(sha256, { ...stated, leafHash: hashLeaf(sha256, Buffer.from('forged')) })).toBe(false)
      expect(verifyInclusion(sha256, { ...stated, root: leafHash.map((byte) => byte ^ 1) })).toBe(false)
      expect(verifyInclusion(sha256, { ...stated, leafIndex: BigInt(size) })).toBe(false)
      expect(verifyInclusion(sha256, { ...stated, proof: [...proof, root] })).toBe(false)
      if (size > 1) {
        expect(verifyInclusion(sha256, { ...stated, leafIndex: BigInt((index + 1) % size) })).toBe(false)
        expect(verifyInclusion(sha256, { ...stated, proof: proof.slice(1) })).toBe(false)
      }
    }),
    { numRuns: 300 },
  )
})

test('proves that a tree grew from an earlier one, and not from one whose history was changed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.nat(), (size2, pick) => {
      const size1 = 1 + (pick % size2)
      const kept = leaves.slice(0, size2)
      const proof = proveConsistency(subtreeHashOf(sha256, kept), BigInt(size1), BigInt(size2))
      const root1 = rootOf(sha256, kept.slice(0, size1))
      const stated = { size1: BigInt(size1), size2: BigInt(size2), root1, root2: rootOf(sha256, kept), proof }
      expect(verifyConsistency(sha256, stated)).toBe(true)
      const rewritten = [hashLeaf(sha256, Buffer.from('rewritten')), ...kept.slice(1, size1)]
      expect(verifyConsistency(sha256, { ...stated, root1: rootOf(sha256, rewritten) })).toBe(false)
    }),
    { numRuns: 300 },
  )
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
