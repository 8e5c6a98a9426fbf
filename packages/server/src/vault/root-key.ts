import { createHash, createSecretKey, type KeyObject } from 'node:crypto'

import { damaged, restoreFolder } from './damage.ts'

/** Bytes of the root key and of every data key. */
export const keyBytes = 32
const format = 'sallyport-root-key-1'

/** The text of the key file: the format's name, the key, and a checksum that tells damage from a wrong key. */
export function formatRootKey(key: Uint8Array): string {
  return `${format} ${Buffer.from(key).toString('base64url')} ${checksumOf(key)}\n`
}

/** Reads the key file's text. Throws `vault.damaged`. */
export function parseRootKey(path: string, text: string): KeyObject {
  const [name, encoded = '', checksum, ...more] = text.trimEnd().split(' ')
  const key = Buffer.from(encoded, 'base64url')
  if (name !== format || key.length !== keyBytes || checksum !== checksumOf(key) || more.length > 0) {
    throw damaged(path, 'does not hold a root key', restoreFolder)
  }
  return createSecretKey(key)
}

function checksumOf(key: Uint8Array): string {
  return createHash('sha256').update(format).update(key).digest('hex').slice(0, 8)
}
