import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { Secret } from '@sallyport/core/access'

import { damaged, restoreFolder } from './damage.ts'
import { type DataKeys, noDataKeys, openDataKeys } from './data-keys.ts'
import { type EncryptionContext, openEnvelope, sealEnvelope } from './envelope.ts'
import {
  makePrivateFolder,
  readPrivateFile,
  replacePrivateFile,
  requirePrivateFolder,
  syncFolder,
} from './private-files.ts'
import { formatRootKey, keyBytes, parseRootKey } from './root-key.ts'
import { openSecrets } from './secrets.ts'

/** Seals whatever is at rest, and keeps the secrets that doors add to requests. */
export interface Vault {
  /** Envelope encryption: AES-256-GCM under a data key of the context's purpose, bound to the whole context. */
  readonly seal: (bytes: Uint8Array, context: EncryptionContext) => Uint8Array
  /** Throws `vault.unseal_failed` unless the bytes were sealed here under the same context. */
  readonly unseal: (sealed: Uint8Array, context: EncryptionContext) => Uint8Array
  /** Keeps a new generation and resolves with its number, from 1, once it survives loss of power. */
  readonly setSecret: (name: string, value: Secret<string>) => Promise<number>
  /** The newest generation, or the one asked for. */
  readonly useSecret: (name: string, generation?: number) => Secret<string> | undefined
  readonly hasSecret: (name: string) => boolean
  /** Names only; there is no way to list values. */
  readonly secretNames: () => readonly string[]
  /** Begins a new generation of a purpose's data key; what older ones sealed can still be read. */
  readonly rotateDataKey: (purpose: string) => number
}

/**
 * Opens the vault, or makes it on the first run: `root.key`, `data-keys.json` and `secrets/` in a folder of mode 0700.
 * Throws `vault.permissions` when others may read it and `vault.damaged` when a file is missing or changed:
 * never is a new key made where there was one.
 */
export function openVault({ folder, random }: { folder: string; random: (bytes: number) => Uint8Array }): Vault {
  if (existsSync(folder)) requirePrivateFolder(folder)
  if (!existsSync(folder) || readdirSync(folder).length === 0) makeVault(folder, random)
  const root = parseRootKey(join(folder, 'root.key'), requireFile(join(folder, 'root.key')))
  const dataKeysFile = join(folder, 'data-keys.json')
  const keys: DataKeys = openDataKeys(dataKeysFile, requireFile(dataKeysFile), root, random)
  const seal: Vault['seal'] = (bytes, context) => sealEnvelope(keys, random, bytes, context)
  const unseal: Vault['unseal'] = (sealed, context) => openEnvelope(keys, sealed, context)
  const secrets = openSecrets(join(folder, 'secrets'), { seal, unseal })
  return {
    seal,
    unseal,
    setSecret: async (name, value) => secrets.set(name, value),
    useSecret: secrets.use,
    hasSecret: secrets.has,
    secretNames: secrets.names,
    rotateDataKey: keys.rotate,
  }
}

/** All or nothing: made beside its place and moved there whole, so that a first run cut short leaves no half vault. */
function makeVault(folder: string, random: (bytes: number) => Uint8Array): void {
  const next = `${folder}.next`
  rmSync(next, { recursive: true, force: true })
  makePrivateFolder(next)
  replacePrivateFile(join(next, 'data-keys.json'), noDataKeys)
  replacePrivateFile(join(next, 'root.key'), formatRootKey(random(keyBytes)))
  renameSync(next, folder)
  syncFolder(dirname(folder))
}

function requireFile(path: string): string {
  const text = readPrivateFile(path)
  if (text === undefined) throw damaged(path, 'is missing', restoreFolder)
  return text
}
