import { createHash } from 'node:crypto'

/** SHA-256 as the ledger takes it. */
export function nodeSha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
