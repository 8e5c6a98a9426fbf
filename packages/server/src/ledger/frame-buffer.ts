import { type LedgerRecord, SallyportError } from '@sallyport/core/access'
import { frameHeaderBytes, maxEntryBytes, sealFrame, type Sha256 } from '@sallyport/core/ledger'

/** A record as it stands in a buffer of frames. */
export interface Framed {
  readonly leafHash: Uint8Array
  readonly from: number
  readonly to: number
}

/** Records, serialised once, side by side: the bytes that are hashed are the bytes that are written. */
export interface FrameBuffer {
  /** Throws `ledger.record_too_large`. */
  readonly add: (record: LedgerRecord) => Framed
  /** A view of everything added; valid until the next `add` or `clear`. */
  readonly bytes: () => Uint8Array
  readonly clear: () => void
}

const startBytes = 64 * 1024

/** Makes an empty buffer that grows. */
export function createFrameBuffer(sha256: Sha256): FrameBuffer {
  let buffer = Buffer.allocUnsafe(startBytes)
  let length = 0
  return {
    add: (record) => {
      const json = JSON.stringify(record)
      const needed = length + frameHeaderBytes + json.length * 3 // UTF-8 needs at most three bytes per UTF-16 unit
      if (needed > buffer.length) {
        const larger = Buffer.allocUnsafe(Math.max(needed, buffer.length * 2))
        buffer.copy(larger, 0, 0, length)
        buffer = larger
      }
      const entryBytes = buffer.write(json, length + frameHeaderBytes, 'utf8')
      if (entryBytes > maxEntryBytes) throw tooLarge(record, entryBytes)
      const leafHash = sealFrame(buffer, length, entryBytes, sha256)
      const from = length
      length += frameHeaderBytes + entryBytes
      return { leafHash, from, to: length }
    },
    bytes: () => buffer.subarray(0, length),
    clear: () => {
      length = 0
    },
  }
}

function tooLarge(record: LedgerRecord, bytes: number): SallyportError {
  const message = `A ${record.kind} record of ${bytes} bytes is larger than the ${maxEntryBytes} an entry may have.`
  return new SallyportError('ledger.record_too_large', message)
}
