import { hash } from 'node:crypto'

/**
 * SHA-256 by Node's one-shot hash, the fastest there is in this runtime; by way of text, because a buffer that comes
 * from outside the heap costs more than the hash itself.
 */
export function nodeSha256(bytes: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1')
}
