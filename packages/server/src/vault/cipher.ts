import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'

/** AES-256-GCM with a 96-bit nonce and a 128-bit tag (NIST SP 800-38D); no other sizes. */
export const nonceBytes = 12
const tagBytes = 16
const algorithm = 'aes-256-gcm'

/** Ciphertext followed by its tag. The caller answers for a nonce that this key never saw. */
export function encrypt(key: KeyObject, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(aad)
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

/** The plaintext, or undefined when key, nonce, data or AAD are not those of the encryption. */
export function decrypt(
  key: KeyObject,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  // Another nonce length changes GCM's counter block, and a short tag is one that can be guessed.
  if (nonce.length !== nonceBytes || ciphertext.length < tagBytes) return undefined
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(aad)
  decipher.setAuthTag(ciphertext.subarray(ciphertext.length - tagBytes))
  const start = decipher.update(ciphertext.subarray(0, ciphertext.length - tagBytes))
  try {
    return Buffer.concat([start, decipher.final()])
  } catch {
    return undefined // the tag does not fit: the caller says what that means for its file
  }
}
