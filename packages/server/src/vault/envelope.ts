import { createHash } from 'node:crypto'

import { SallyportError } from '@sallyport/core/access'

import { decrypt, encrypt, nonceBytes } from './cipher.ts'
import type { DataKeys } from './data-keys.ts'

/**
 * What sealed bytes are, so that they cannot be put in the place of others: the purpose, which chooses the data key,
 * and whatever else names them (name, generation). Not secret, and stored nowhere: the reader must know it.
 */
export interface EncryptionContext {
  readonly purpose: string
  readonly [name: string]: string
}

// Envelope: version (1 byte) | data key id (8) | nonce (12) | ciphertext | tag (16).
const version = 1
const idBytes = 8
const headerBytes = 1 + idBytes

/** Seals under the newest data key of the purpose. */
export function sealEnvelope(
  keys: DataKeys,
  random: (bytes: number) => Uint8Array,
  bytes: Uint8Array,
  context: EncryptionContext,
): Uint8Array {
  const dataKey = keys.current(context.purpose)
  const header = Buffer.concat([Uint8Array.of(version), Buffer.from(dataKey.id, 'hex')])
  const nonce = random(nonceBytes)
  return Buffer.concat([header, nonce, encrypt(dataKey.key, nonce, aadOf(header, context), bytes)])
}

/** Throws `vault.unseal_failed` when a byte or the context is not as it was; it does not say which. */
export function openEnvelope(keys: DataKeys, sealed: Uint8Array, context: EncryptionContext): Uint8Array {
  const envelope = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length)
  const header = envelope.subarray(0, headerBytes)
  // The header is authenticated with the rest: another version, or a data key of another purpose, opens nothing.
  const dataKey = keys.byId(header.subarray(1).toString('hex'))
  const nonce = envelope.subarray(headerBytes, headerBytes + nonceBytes)
  const ciphertext = envelope.subarray(headerBytes + nonceBytes)
  const bytes = dataKey && decrypt(dataKey.key, nonce, aadOf(header, context), ciphertext)
  if (!bytes) {
    const message = `A sealed value for "${context.purpose}" was changed, or is not the one that was asked for.`
    throw new SallyportError('vault.unseal_failed', message)
  }
  return bytes
}

function aadOf(header: Uint8Array, context: EncryptionContext): Uint8Array {
  // Sorted and as JSON, so that one context has one spelling and no two contexts share it.
  const pairs = Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Buffer.concat([header, createHash('sha256').update(JSON.stringify(pairs)).digest()])
}
