import { equalHashes, hashBytes, hashEmpty, hashNode, type Sha256 } from './hash.ts'

// Whoever hands us a proof may be the one who forked the log: every count and length is theirs, so all are checked.
const maxSize = (1n << 64n) - 1n

/** A statement that a leaf is in a tree, with its proof. */
export interface Inclusion {
  readonly leafIndex: bigint
  readonly treeSize: bigint
  readonly leafHash: Uint8Array
  readonly root: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** True when the leaf stands at that place in the tree with that root (RFC 9162 §2.1.3.2). */
export function verifyInclusion(sha256: Sha256, stated: Inclusion): boolean {
  const { leafIndex, treeSize, leafHash, root, proof } = stated
  if (leafIndex < 0n || leafIndex >= treeSize || treeSize > maxSize) return false
  if (![leafHash, root, ...proof].every(isHash)) return false
  let place = leafIndex
  let last = treeSize - 1n
  let hash = leafHash
  for (const sibling of proof) {
    if (last === 0n) return false
    if (isOdd(place) || place === last) {
      hash = hashNode(sha256, sibling, hash)
      while (!isOdd(place) && place !== 0n) [place, last] = [place >> 1n, last >> 1n]
    } else {
      hash = hashNode(sha256, hash, sibling)
    }
    place >>= 1n
    last >>= 1n
  }
  return last === 0n && equalHashes(hash, root)
}

/** A statement that one tree is the beginning of another, with its proof. */
export interface Consistency {
  readonly size1: bigint
  readonly size2: bigint
  readonly root1: Uint8Array
  readonly root2: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** True when the first tree is the beginning of the second (RFC 9162 §2.1.4.2). An empty first tree proves nothing. */
export function verifyConsistency(sha256: Sha256, stated: Consistency): boolean {
  const { size1, size2, root1, root2, proof } = stated
  if (size1 <= 0n) return false
  return verifySubtreeConsistency(sha256, { start: 0n, end: size1, size: size2, root1, root2, proof })
}

/** A statement about the leaves `[start, end)` of a tree, which must be one that a node of some tree could cover. */
export interface SubtreeConsistency {
  readonly start: bigint
  readonly end: bigint
  readonly size: bigint
  /** The root of the subtree. */
  readonly root1: Uint8Array
  /** The root of the whole tree. */
  readonly root2: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/** True when the subtree belongs to the tree: the RFC 9162 procedure, begun at `start` instead of at the first leaf. */
export function verifySubtreeConsistency(sha256: Sha256, stated: SubtreeConsistency): boolean {
  const { start, end, size, root1, root2, proof } = stated
  if (!isSubtree(start, end) || end > size || size > maxSize) return false
  // The roots are only compared, so their lengths need no check of their own: equal trees are equal in any case.
  if (!proof.every(isHash)) return false
  if (start === end) return proof.length === 0 && equalHashes(root1, hashEmpty(sha256))
  let first = start
  let second = end - 1n
  let last = size - 1n
  while (first !== second && (second === last || isOdd(second))) {
    first >>= 1n
    second >>= 1n
    last >>= 1n
  }
  const rest = [...proof]
  const seed = first === second ? root1 : rest.shift()
  if (!seed) return false
  let hash1 = seed
  let hash2 = seed
  for (const sibling of rest) {
    if (last === 0n) return false
    if (isOdd(second) || second === last) {
      if (first < second) hash1 = hashNode(sha256, sibling, hash1)
      hash2 = hashNode(sha256, sibling, hash2)
      while (!isOdd(second) && second !== 0n) {
        first >>= 1n
        second >>= 1n
        last >>= 1n
      }
    } else {
      hash2 = hashNode(sha256, hash2, sibling)
    }
    first >>= 1n
    second >>= 1n
    last >>= 1n
  }
  return last === 0n && equalHashes(hash1, root1) && equalHashes(hash2, root2)
}

/** True when a subtree over these leaves exists: `start` is a multiple of the power of two that holds its length. */
export function isSubtree(start: bigint, end: bigint): boolean {
  if (start < 0n || end < start) return false
  let span = 1n
  while (span < end - start) span <<= 1n
  return start % span === 0n
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === hashBytes
}
