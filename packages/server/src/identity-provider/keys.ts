import { SallyportError } from '@sallyport/core/access'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

import type { SealedStore } from './ports.ts'

/** The provider's own keys: made at the first start, sealed ever after. */
export interface ProviderKeys {
  /** ES256 private keys, the signing one first. Secret. */
  readonly signing: readonly JWK[]
  /** For signing cookies. Secret. */
  readonly cookies: readonly string[]
}

/** Reads the keys, or makes them. Throws `identity_provider.keys` when what is stored cannot be read. */
export async function openProviderKeys(
  store: SealedStore,
  random: (bytes: number) => Uint8Array,
): Promise<ProviderKeys> {
  const stored = store.get('identity-provider', 'keys')
  if (stored !== undefined) return readKeys(JSON.parse(stored))
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const signing = [{ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' }]
  const keys = { signing, cookies: [Buffer.from(random(32)).toString('base64url')] }
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

function readKeys(value: unknown): ProviderKeys {
  if (typeof value === 'object' && value !== null && 'signing' in value && 'cookies' in value) {
    const { signing, cookies } = value
    const areCookies = Array.isArray(cookies) && cookies.every((key) => typeof key === 'string')
    if (Array.isArray(signing) && signing.length > 0 && areCookies && cookies.length > 0) return { signing, cookies }
  }
  throw new SallyportError('identity_provider.keys', 'the sealed keys of the identity provider are damaged')
}
