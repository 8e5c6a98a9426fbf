import type { CryptoKey, JWK } from 'jose'
import { SallyportError } from '@sallyport/core/access'

import { importKey } from '../keys/key-record.ts'

/**
 * RFC 9421 §3.3. Left out on purpose: `rsa-v1_5-sha256`, whose padding is that of the last century, and
 * `ecdsa-p384-sha384`, which nobody asked for.
 */
export type SignatureAlgorithm = 'ed25519' | 'ecdsa-p256-sha256' | 'hmac-sha256' | 'rsa-pss-sha512'

/** A key that signs or verifies messages, with the one algorithm it may be used with. */
export interface SignatureKey {
  /** What `keyid` says. */
  readonly id: string
  readonly algorithm: SignatureAlgorithm
  readonly key: CryptoKey
}

interface Parameters {
  /** What JWS calls a key of this kind, whose weak ones are refused here too; a secret has its length alone. */
  readonly jws?: string
  readonly import: { readonly name: string; readonly namedCurve?: string; readonly hash?: string }
  readonly use: { readonly name: string; readonly hash?: string; readonly saltLength?: number }
}

const parameters: Readonly<Record<SignatureAlgorithm, Parameters>> = {
  ed25519: { jws: 'EdDSA', import: { name: 'Ed25519' }, use: { name: 'Ed25519' } },
  'ecdsa-p256-sha256': {
    jws: 'ES256',
    import: { name: 'ECDSA', namedCurve: 'P-256' },
    use: { name: 'ECDSA', hash: 'SHA-256' },
  },
  'hmac-sha256': { import: { name: 'HMAC', hash: 'SHA-256' }, use: { name: 'HMAC' } },
  'rsa-pss-sha512': {
    jws: 'PS512',
    import: { name: 'RSA-PSS', hash: 'SHA-512' },
    use: { name: 'RSA-PSS', saltLength: 64 },
  },
}

const minSecretBytes = 32
const minRsaBits = 2048

/**
 * Imports a key: a JWK, public to verify and private to sign, or the bytes of a shared secret. Throws
 * `identity.signature_key` for one that is too weak, or of another kind than the algorithm's.
 */
export async function importSignatureKey(
  id: string,
  algorithm: SignatureAlgorithm,
  material: JWK | Uint8Array<ArrayBuffer>,
  use: 'sign' | 'verify',
): Promise<SignatureKey> {
  const { import: how, jws } = parameters[algorithm]
  const isSecret = material instanceof Uint8Array
  if (isSecret !== (algorithm === 'hmac-sha256') || (isSecret && material.length < minSecretBytes)) {
    throw unusable(id, undefined)
  }
  const isWeak =
    !isSecret && use === 'verify' && (await importKey({ ...plainMembers(material), alg: jws })) === undefined
  if (isWeak) throw unusable(id, undefined)
  try {
    const key = isSecret
      ? await crypto.subtle.importKey('raw', material, how, false, [use])
      : await crypto.subtle.importKey('jwk', plainMembers(material), how, false, [use])
    const bits = 'modulusLength' in key.algorithm ? key.algorithm.modulusLength : minRsaBits
    if (typeof bits !== 'number' || bits < minRsaBits) throw unusable(id, undefined)
    return { id, algorithm, key }
  } catch (cause) {
    throw cause instanceof SallyportError ? cause : unusable(id, cause)
  }
}

/** The signature of a base (RFC 9421 §3.3). */
export async function signBase({ algorithm, key }: SignatureKey, base: string): Promise<Uint8Array<ArrayBuffer>> {
  const signed = new TextEncoder().encode(base)
  return new Uint8Array(await crypto.subtle.sign(parameters[algorithm].use, key, signed))
}

/** Whether it is; in constant time where the algorithm is a MAC, by WebCrypto's own comparison. */
export function verifyBase(
  { algorithm, key }: SignatureKey,
  base: string,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return crypto.subtle.verify(parameters[algorithm].use, key, signature, new TextEncoder().encode(base))
}

/** Without `alg`, `use` and `key_ops`: the algorithm is the caller's, who wrote it beside the key. */
function plainMembers({ alg: _alg, use: _use, key_ops: _operations, ext: _ext, ...members }: JWK): JWK {
  return members
}

function unusable(id: string, cause: unknown): SallyportError {
  return new SallyportError('identity.signature_key', `the key “${id}” cannot be used with its algorithm`, { cause })
}
