import { fromBase64, toBase64 } from './base64.ts'
import { equalHashes, hashBytes, type Sha256 } from './hash.ts'
import { keyIdOf, type NoteSigner, type NoteVerifier } from './note.ts'

const ed25519 = 0x01

/** `name+keyid+base64(type || key)`: what C2SP calls a vkey, one line to pin or to paste. */
export function formatVerifierKey(sha256: Sha256, key: { name: string; publicKey: Uint8Array }): string {
  const keyId = Array.from(keyIdOf(sha256, key.name, key.publicKey), (byte) => byte.toString(16).padStart(2, '0'))
  return `${key.name}+${keyId.join('')}+${toBase64(Uint8Array.of(ed25519, ...key.publicKey))}`
}

/** Reads a vkey; undefined unless it is an Ed25519 key whose id fits its name. */
export function parseVerifierKey(sha256: Sha256, text: string): { name: string; publicKey: Uint8Array } | undefined {
  const [, name = '', keyId = '', encoded = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text) ?? []
  const key = fromBase64(encoded)
  if (key?.length !== 1 + hashBytes || key[0] !== ed25519) return undefined
  const publicKey = key.slice(1)
  const stated = Uint8Array.from(keyId.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16))
  return equalHashes(keyIdOf(sha256, name, publicKey), stated) ? { name, publicKey } : undefined
}

/** A verifier by WebCrypto's Ed25519. */
export async function ed25519Verifier(name: string, publicKey: Uint8Array): Promise<NoteVerifier> {
  const key = await crypto.subtle.importKey('raw', publicKey.slice(), 'Ed25519', true, ['verify'])
  return {
    name,
    publicKey,
    verify: (message, signature) => crypto.subtle.verify('Ed25519', key, signature.slice(), message.slice()),
  }
}

/** A signer by WebCrypto's Ed25519, from a private key in PKCS #8 and the 32 bytes of its public key. */
export async function ed25519Signer(name: string, pkcs8: Uint8Array, publicKey: Uint8Array): Promise<NoteSigner> {
  const key = await crypto.subtle.importKey('pkcs8', pkcs8.slice(), 'Ed25519', false, ['sign'])
  return {
    name,
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', key, message.slice())),
  }
}

/** A new Ed25519 key: what `ed25519Signer` takes. */
export async function generateEd25519(): Promise<{ readonly pkcs8: Uint8Array; readonly publicKey: Uint8Array }> {
  const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new TypeError('this runtime made no Ed25519 key pair')
  return {
    pkcs8: new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey)),
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
  }
}
