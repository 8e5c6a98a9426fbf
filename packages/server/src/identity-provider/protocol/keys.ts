import { SallyportError } from '@sallyport/core/access'
import {
  calculateJwkThumbprint,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  jwtVerify,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from 'jose'

import type { SealedStore } from '../ports.ts'

/** The provider's own keys: made at the first start, sealed ever after. */
export interface ProviderKeys {
  /** ES256 private keys, the signing one first. Secret. */
  readonly signing: readonly JWK[]
  /** For signing cookies. Secret. */
  readonly cookies: readonly string[]
  /** 32 bytes, base64url, from which nonces for DPoP proofs are made (RFC 9449 §8). Secret. */
  readonly dpopNonce: string
}

/** Reads the keys, or makes them. Throws `identity_provider.keys` when what is stored cannot be read. */
export async function openProviderKeys(
  store: SealedStore,
  random: (bytes: number) => Uint8Array,
): Promise<ProviderKeys> {
  const stored = store.get('identity-provider', 'keys')
  const secret = (): string => Buffer.from(random(32)).toString('base64url')
  if (stored !== undefined) {
    const known = readKeys(stored, secret())
    store.put('identity-provider', 'keys', JSON.stringify(known)) // the nonce's secret came later than the rest
    return known
  }
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const signing = [{ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' }]
  const keys = { signing, cookies: [secret()], dpopNonce: secret() }
  store.put('identity-provider', 'keys', JSON.stringify(keys))
  return keys
}

/** What may be published: the public half, member by member, so that nothing private can slip through. */
export function publicJwks(keys: ProviderKeys): { readonly keys: readonly JWK[] } {
  return {
    keys: keys.signing.map(({ kty, crv, x, y, kid }) => {
      if (kty === undefined || crv === undefined || x === undefined || y === undefined || kid === undefined) {
        throw new SallyportError('identity_provider.keys', 'a signing key of the identity provider is incomplete')
      }
      return { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }
    }),
  }
}

/**
 * A JWT that one of our own keys signed, or undefined. Adversary: whoever brings something that looks like one; the
 * caller says which kind it must be.
 */
export async function verifyOwn(
  keys: ProviderKeys,
  token: string,
  expected: JWTVerifyOptions,
): Promise<JWTVerifyResult | undefined> {
  for (const jwk of publicJwks(keys).keys) {
    try {
      return await jwtVerify(token, await importJWK(jwk, 'ES256'), { ...expected, algorithms: ['ES256'] })
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error
    }
  }
  return undefined
}

/** Parse boundary: what was sealed is ours, and a disk or an older version may have left it otherwise. */
function readKeys(stored: string, newNonce: string): ProviderKeys {
  const value = parsed(stored)
  if (typeof value === 'object' && value !== null && 'signing' in value && 'cookies' in value) {
    const { signing, cookies } = value
    const dpopNonce = 'dpopNonce' in value ? value.dpopNonce : newNonce
    const areCookies = Array.isArray(cookies) && cookies.every((key) => typeof key === 'string')
    if (Array.isArray(signing) && signing.length > 0 && areCookies && cookies.length > 0 && isSecret(dpopNonce)) {
      return { signing, cookies, dpopNonce }
    }
  }
  throw new SallyportError('identity_provider.keys', 'the sealed keys of the identity provider are damaged')
}

/** Undefined for what is no JSON. A parser's own message quotes what it read, which is secret here. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isSecret(value: unknown): value is string {
  return typeof value === 'string' && Buffer.from(value, 'base64url').length === 32
}
