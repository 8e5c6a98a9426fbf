import { leafPrefix, type Sha256 } from './hash.ts'

// Frame: length of the entry (4 bytes, big-endian) | first 8 bytes of its leaf hash | 0x00 | entry.
// The zero byte is the leaf prefix of RFC 9162 §2.1.1, so that the leaf hash is taken over the frame in place,
// and one hash serves both the tree and the finding of a torn write.
const lengthBytes = 4
const checkBytes = 8

/** Bytes in front of each entry of a segment. */
export const frameHeaderBytes: number = lengthBytes + checkBytes + 1

/** C2SP tlog-tiles gives an entry a 16-bit length; a larger one could never go into a tile bundle. */
export const maxEntryBytes = 65_535

/** One entry of a segment: its bytes and its place in the tree. */
export interface Entry {
  readonly bytes: Uint8Array
  readonly leafHash: Uint8Array
}

/** What a segment holds. Bytes after `validBytes` are not an entry: a torn write, or damage. */
export interface Entries {
  readonly entries: readonly Entry[]
  readonly validBytes: number
}

/**
 * Fills in the header of a frame whose entry already stands at `offset + frameHeaderBytes`; returns the leaf hash.
 * The hot path: the record is serialised once, into the buffer that will be written, and those bytes are hashed.
 */
export function sealFrame(target: Uint8Array, offset: number, entryBytes: number, sha256: Sha256): Uint8Array {
  if (entryBytes < 1 || entryBytes > maxEntryBytes) {
    throw new RangeError(`an entry has 1 to ${maxEntryBytes} bytes, not ${entryBytes}`)
  }
  target[offset] = 0
  target[offset + 1] = entryBytes >>> 16
  target[offset + 2] = entryBytes >>> 8
  target[offset + 3] = entryBytes
  target[offset + lengthBytes + checkBytes] = leafPrefix
  const from = offset + lengthBytes + checkBytes
  const leafHash = sha256(target.subarray(from, from + 1 + entryBytes))
  for (let index = 0; index < checkBytes; index++) target[offset + lengthBytes + index] = leafHash[index] ?? 0
  return leafHash
}

/** One entry as a frame of its own. */
export function encodeEntry(entry: Uint8Array, sha256: Sha256): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + entry.length)
  frame.set(entry, frameHeaderBytes)
  sealFrame(frame, 0, entry.length, sha256)
  return frame
}

/** Reads entries until the bytes end or stop making sense. Entries are views of `segment`, not copies. */
export function readEntries(segment: Uint8Array, sha256: Sha256): Entries {
  const entries: Entry[] = []
  let offset = 0
  for (;;) {
    const entry = entryAt(segment, offset, sha256)
    if (!entry) return { entries, validBytes: offset }
    entries.push(entry)
    offset += frameHeaderBytes + entry.bytes.length
  }
}

/** The first offset at or after `from` where an intact entry stands; undefined when nothing but debris is left. */
export function findEntry(segment: Uint8Array, from: number, sha256: Sha256): number | undefined {
  for (let offset = from; offset + frameHeaderBytes <= segment.length; offset++) {
    if (entryAt(segment, offset, sha256)) return offset
  }
  return undefined
}

function entryAt(segment: Uint8Array, offset: number, sha256: Sha256): Entry | undefined {
  const start = offset + frameHeaderBytes
  // Three of the four length bytes are enough for 64 KiB; the first is always zero.
  if (segment[offset] !== 0 || segment[start - 1] !== leafPrefix) return undefined
  const length = ((segment[offset + 1] ?? 0) << 16) | ((segment[offset + 2] ?? 0) << 8) | (segment[offset + 3] ?? 0)
  // No entry is empty: a run of zeroes, as a file system leaves after a loss of power, is refused without hashing.
  if (length < 1 || length > maxEntryBytes || start + length > segment.length) return undefined
  const leafHash = sha256(segment.subarray(start - 1, start + length))
  for (let index = 0; index < checkBytes; index++) {
    if (segment[offset + lengthBytes + index] !== leafHash[index]) return undefined
  }
  return { bytes: segment.subarray(start, start + length), leafHash }
}
