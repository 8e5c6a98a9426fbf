import { SallyportError } from '@sallyport/core/access'
import type { JsonObject } from '@sallyport/core/json'

import { encodeBase64url } from './base64url.ts'
import { readClaims } from './claims.ts'
import { checkIssuers, type IssuerConfiguration } from './issuer.ts'
import { verifyJws } from './key-record.ts'
import { createKeySet, type KeySet } from './key-set.ts'
import { checkLifetime, type Lifetime, readLifetime } from './lifetime.ts'
import { maxTokenLength } from './parse-bearer.ts'
import { parseJwt } from './parse-jwt.ts'
import { refuseToken, type TokenRefusal } from './refusal.ts'

/** A token whose every check held at the moment `verify` answered. */
export interface VerifiedToken extends Lifetime {
  readonly kind: 'verified'
  readonly issuer: IssuerConfiguration
  readonly keyId: string
  /** The holder's name within the issuer; `subjectOf` makes it unique among issuers. */
  readonly userName: string
  readonly roles: readonly string[]
  /** All claims, without a prototype. */
  readonly claims: JsonObject
}

/** Whom to believe, and by which clock. */
export interface VerifierOptions {
  readonly issuers: readonly IssuerConfiguration[]
  readonly nowSeconds: () => number
  /** How far apart the issuer's clock and ours may be; at most 60. */
  readonly skewSeconds: number
  /** Verified tokens remembered, at most; 10,000 unless said. */
  readonly maxCachedTokens?: number
  /** Told why an issuer's keys could not be had, for the operator's log. */
  readonly onTrouble?: (cause: unknown) => void
  /** A synchronous SHA-256, where the runtime has one; WebCrypto's otherwise. */
  readonly sha256?: (bytes: Uint8Array) => Uint8Array
}

/** Verifies access tokens. Never rejects for anything that a token can contain. */
export interface Verifier {
  verify(token: string): Promise<VerifiedToken | TokenRefusal>
}

interface Cached {
  readonly token: VerifiedToken
  readonly keys: KeySet
  readonly fingerprint: string
}

/**
 * Prepares the issuers once. Throws `identity.configuration` when two could be confused or the skew exceeds 60 s.
 * Only verified tokens are remembered, so hostile ones cannot fill the cache; a hit still re-checks the lifetime
 * and that the key it was verified under is the issuer's now.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuers, nowSeconds, skewSeconds, maxCachedTokens = 10_000 } = options
  checkIssuers(issuers)
  if (!(skewSeconds >= 0 && skewSeconds <= 60)) {
    throw new SallyportError('identity.configuration', 'the clock skew must be between 0 and 60 seconds')
  }
  const shared = { nowSeconds, ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }) }
  const byAddress = new Map(
    issuers.map((issuer) => [issuer.issuer, { issuer, keys: createKeySet({ ...shared, source: issuer.keys }) }]),
  )
  // Part of every cache key: an answer under one configuration is none under another (GHSA-4mq7-pvjg-xp2r).
  const configuration = digest(JSON.stringify(issuers), options.sha256)
  const cache = new Map<string, Cached>()

  async function verify(token: string): Promise<VerifiedToken | TokenRefusal> {
    if (token.length > maxTokenLength) return refuseToken('token.too_large')
    const cacheKey = await digest(`${await configuration}.${token}`, options.sha256)
    const cached = cache.get(cacheKey)
    if (cached !== undefined && cached.keys.known(cached.token.keyId)?.fingerprint === cached.fingerprint) {
      const refusal = checkLifetime(cached.token, nowSeconds(), skewSeconds)
      if (refusal?.code === 'token.expired') cache.delete(cacheKey)
      return refusal ?? cached.token
    }
    cache.delete(cacheKey)
    const verified = await verifyAnew(token)
    if (verified.kind === 'refused') return verified
    cache.set(cacheKey, verified)
    const [oldest] = cache.keys()
    if (cache.size > maxCachedTokens && oldest !== undefined) cache.delete(oldest)
    return verified.token
  }

  async function verifyAnew(token: string): Promise<(Cached & { readonly kind: 'cached' }) | TokenRefusal> {
    const jwt = parseJwt(token)
    if (jwt.kind === 'refused') return jwt
    const { iss } = jwt.claims
    const from = typeof iss === 'string' ? byAddress.get(iss) : undefined
    if (from === undefined) return refuseToken('token.wrong_issuer')
    if (jwt.keyId === undefined) return refuseToken('token.unknown_key')
    const record = await from.keys.find(jwt.keyId)
    if ('kind' in record) return record
    const forged = await verifyJws(jwt, record)
    if (forged !== undefined) return forged
    const lifetime = readLifetime(jwt.claims)
    if ('kind' in lifetime) return lifetime
    const holder = readClaims(from.issuer, jwt.claims, jwt.type)
    if ('kind' in holder) return holder
    const untimely = checkLifetime(lifetime, nowSeconds(), skewSeconds)
    if (untimely !== undefined) return untimely
    const { issuer, keys } = from
    const verified = { kind: 'verified', issuer, keyId: jwt.keyId, claims: jwt.claims, ...lifetime, ...holder } as const
    return { kind: 'cached', token: verified, keys, fingerprint: record.fingerprint }
  }

  return { verify }
}

/** Base64url, which never contains the dot that the cache key is joined with. */
async function digest(text: string, sha256: VerifierOptions['sha256']): Promise<string> {
  const bytes = new TextEncoder().encode(text)
  return encodeBase64url(sha256?.(bytes) ?? new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}
