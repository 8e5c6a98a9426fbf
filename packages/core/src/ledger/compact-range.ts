import { hashEmpty, hashNode, type Sha256 } from './hash.ts'

/** A growing Merkle tree that keeps only the roots of its perfect subtrees: at most 64 hashes for any size. */
export interface CompactRange {
  readonly size: () => bigint
  /** Adds one leaf hash; one node hash on average. */
  readonly append: (leafHash: Uint8Array) => void
  /** The root of everything appended so far (RFC 9162 §2.1.1). */
  readonly root: () => Uint8Array
}

/** Starts an empty tree. */
export function createCompactRange(sha256: Sha256): CompactRange {
  // Largest subtree first. Their sizes are the powers of two in `size`, so the carries of `size + 1` say which merge.
  const peaks: Uint8Array[] = []
  let size = 0n
  return {
    size: () => size,
    append: (leafHash) => {
      let node = leafHash
      for (let carry = size; (carry & 1n) === 1n; carry >>= 1n) {
        const left = peaks.pop()
        if (left) node = hashNode(sha256, left, node)
      }
      peaks.push(node)
      size += 1n
    },
    root: () => {
      let root = peaks.at(-1)
      if (!root) return hashEmpty(sha256)
      for (let index = peaks.length - 2; index >= 0; index--) {
        const left = peaks[index]
        if (left) root = hashNode(sha256, left, root)
      }
      return root
    },
  }
}
