import { createSecretKey, type KeyObject } from 'node:crypto'

import { decrypt, encrypt, nonceBytes } from './cipher.ts'
import { damaged, restoreFolder } from './damage.ts'
import { replacePrivateFile } from './private-files.ts'
import { keyBytes } from './root-key.ts'

/** Hex characters of a data key's id. */
const idLength = 16

/** A key that seals data for one purpose; itself sealed by the root key. */
export interface DataKey {
  readonly id: string
  readonly purpose: string
  readonly generation: number
  readonly key: KeyObject
}

interface SealedDataKey {
  readonly id: string
  readonly purpose: string
  readonly generation: number
  /** Nonce, ciphertext and tag, base64. */
  readonly sealed: string
}

/** The data keys of a vault. Older generations stay, so that what they sealed can be read. */
export interface DataKeys {
  /** The newest key of a purpose; made on the first use. */
  readonly current: (purpose: string) => DataKey
  readonly byId: (id: string) => DataKey | undefined
  /** Makes the next generation and returns its number. */
  readonly rotate: (purpose: string) => number
}

type Random = (bytes: number) => Uint8Array

/** The file of a vault that has no data keys yet. */
export const noDataKeys: string = formatFile([])

/** Unseals every data key. Throws `vault.damaged`, also when the root key is another than the one that sealed them. */
export function openDataKeys(path: string, text: string, root: KeyObject, random: Random): DataKeys {
  const stored = [...parseFile(path, text)]
  const byId = new Map<string, DataKey>()
  const byPurpose = new Map<string, DataKey>()
  const learn = (dataKey: DataKey): DataKey => {
    byId.set(dataKey.id, dataKey)
    const known = byPurpose.get(dataKey.purpose)
    if (!known || known.generation < dataKey.generation) byPurpose.set(dataKey.purpose, dataKey)
    return dataKey
  }
  for (const entry of stored) {
    const bytes = Buffer.from(entry.sealed, 'base64')
    const key = decrypt(root, bytes.subarray(0, nonceBytes), aadOf(entry), bytes.subarray(nonceBytes))
    if (!key) throw damaged(path, 'was changed, or belongs to another root key', restoreFolder)
    learn({ ...entry, key: createSecretKey(key) })
  }

  const make = (purpose: string): DataKey => {
    const id = Buffer.from(random(idLength / 2)).toString('hex')
    const entry = { id, purpose, generation: (byPurpose.get(purpose)?.generation ?? 0) + 1 }
    const key = random(keyBytes)
    const nonce = random(nonceBytes)
    const sealed = Buffer.concat([nonce, encrypt(root, nonce, aadOf(entry), key)]).toString('base64')
    // On disk before its first use: what a lost key sealed is lost.
    replacePrivateFile(path, formatFile([...stored, { ...entry, sealed }]))
    stored.push({ ...entry, sealed })
    return learn({ ...entry, key: createSecretKey(key) })
  }
  return {
    current: (purpose) => byPurpose.get(purpose) ?? make(purpose),
    byId: (id) => byId.get(id),
    rotate: (purpose) => make(purpose).generation,
  }
}

function aadOf({ id, purpose, generation }: Omit<SealedDataKey, 'sealed'>): Uint8Array {
  return Buffer.from(JSON.stringify(['sallyport-data-key-1', id, purpose, generation]))
}

function formatFile(keys: readonly SealedDataKey[]): string {
  return `${JSON.stringify({ version: 1, keys }, undefined, 1)}\n`
}

function parseFile(path: string, text: string): readonly SealedDataKey[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw damaged(path, 'is not JSON', restoreFolder)
  }
  if (typeof value === 'object' && value !== null && 'version' in value && 'keys' in value) {
    if (value.version === 1 && Array.isArray(value.keys) && value.keys.every(isSealedDataKey)) return value.keys
  }
  throw damaged(path, 'does not hold data keys of version 1', restoreFolder)
}

function isSealedDataKey(value: unknown): value is SealedDataKey {
  if (typeof value !== 'object' || value === null) return false
  if (!('id' in value && 'purpose' in value && 'generation' in value && 'sealed' in value)) return false
  const { id, purpose, generation, sealed } = value
  return (
    typeof id === 'string' &&
    typeof purpose === 'string' &&
    typeof sealed === 'string' &&
    Number.isSafeInteger(generation)
  )
}
