/** SHA-256, synchronous: the ledger hashes on the request path, where a promise per node costs more than the hash. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** Domain separation between leaves and nodes (RFC 9162 §2.1.1): without it a node could be passed off as a leaf. */
export const leafPrefix = 0x00
const nodePrefix = 0x01

/** Bytes of one hash of the tree. */
export const hashBytes = 32

/** One for all: a node is hashed for every record, and nothing waits while it is. */
const nodeInput = Uint8Array.of(nodePrefix, ...new Uint8Array(2 * hashBytes))

/** `MTH({d}) = HASH(0x00 || d)`, RFC 9162 §2.1.1. */
export function hashLeaf(sha256: Sha256, entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(entry.length + 1)
  input[0] = leafPrefix
  input.set(entry, 1)
  return sha256(input)
}

/** `HASH(0x01 || left || right)`, RFC 9162 §2.1.1. */
export function hashNode(sha256: Sha256, left: Uint8Array, right: Uint8Array): Uint8Array {
  const isTree = left.length === hashBytes && right.length === hashBytes // what a proof states may be anything
  const input = isTree ? nodeInput : Uint8Array.of(nodePrefix, ...left, ...right)
  input.set(left, 1)
  input.set(right, 1 + left.length)
  return sha256(input)
}

/** The root of the tree without leaves: `HASH()`, RFC 9162 §2.1.1. */
export function hashEmpty(sha256: Sha256): Uint8Array {
  return sha256(new Uint8Array(0))
}

/** Hashes are public, so this need not take constant time. */
export function equalHashes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
