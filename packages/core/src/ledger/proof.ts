import { hashEmpty, hashNode, type Sha256 } from './hash.ts'

/** The hash of the subtree over the leaves `[start, end)`, which is never empty. */
export type SubtreeHash = (start: bigint, end: bigint) => Uint8Array

/** Subtree hashes straight from a list of leaf hashes: O(n) each, for readers and tests. */
export function subtreeHashOf(sha256: Sha256, leafHashes: readonly Uint8Array[]): SubtreeHash {
  const subtree: SubtreeHash = (start, end) => {
    const only = leafHashes[Number(start)]
    if (end - start === 1n && only) return only
    if (end - start <= 1n) throw new RangeError(`no leaf ${start}`)
    const middle = start + splitOf(end - start)
    return hashNode(sha256, subtree(start, middle), subtree(middle, end))
  }
  return subtree
}

/** The root over a list of leaf hashes. */
export function rootOf(sha256: Sha256, leafHashes: readonly Uint8Array[]): Uint8Array {
  if (leafHashes.length === 0) return hashEmpty(sha256)
  return subtreeHashOf(sha256, leafHashes)(0n, BigInt(leafHashes.length))
}

/** `PATH(m, D_n)`, RFC 9162 §2.1.3.1: the hashes from the leaf's sibling up to the root's child. */
export function proveInclusion(subtree: SubtreeHash, leafIndex: bigint, treeSize: bigint): Uint8Array[] {
  if (leafIndex < 0n || leafIndex >= treeSize) throw new RangeError(`leaf ${leafIndex} is not in a tree of ${treeSize}`)
  const path = (start: bigint, end: bigint): Uint8Array[] => {
    if (end - start === 1n) return []
    const middle = start + splitOf(end - start)
    return leafIndex < middle
      ? [...path(start, middle), subtree(middle, end)]
      : [...path(middle, end), subtree(start, middle)]
  }
  return path(0n, treeSize)
}

/** `PROOF(m, D_n)`, RFC 9162 §2.1.4.1: that the tree of `size1` leaves is the beginning of the tree of `size2`. */
export function proveConsistency(subtree: SubtreeHash, size1: bigint, size2: bigint): Uint8Array[] {
  if (size1 <= 0n || size1 > size2) throw new RangeError(`no consistency proof from ${size1} to ${size2}`)
  // `known`: the verifier holds the hash of this subtree already, because it is the whole of the first tree.
  const path = (start: bigint, end: bigint, known: boolean): Uint8Array[] => {
    if (end === size1) return known ? [] : [subtree(start, end)]
    const middle = start + splitOf(end - start)
    return size1 <= middle
      ? [...path(start, middle, known), subtree(middle, end)]
      : [...path(middle, end, false), subtree(start, middle)]
  }
  return path(0n, size2, true)
}

/** The largest power of two below `size` (RFC 9162 §2.1.1). */
function splitOf(size: bigint): bigint {
  return 1n << BigInt((size - 1n).toString(2).length - 1)
}
