import { isRevoked, type RevokedAt, SallyportError, type Subject } from '@sallyport/core/access'

import { readBinding } from './binding.ts'
import { readClaims, refusalAgain } from './claims.ts'
import { checkIssuers, type IssuerConfiguration } from '../issuer/issuer.ts'
import { verifyJws } from '../keys/key-record.ts'
import { createKeySet, type KeySet } from '../keys/key-set.ts'
import { checkLifetime, readLifetime } from '../lifetime.ts'
import { maxTokenLength } from './parse-authorization.ts'
import { parseJwt } from './parse-jwt.ts'
import { type Primitives, webPrimitives } from '../primitives.ts'
import { refuseToken, type TokenRefusal } from '../refusal.ts'
import { subjectOf } from './subject-of.ts'
import type { VerifiedToken } from './verified-token.ts'

/** Whom to believe, and by which clock. */
export interface VerifierOptions {
  readonly issuers: readonly IssuerConfiguration[]
  readonly nowSeconds: () => number
  /** How far apart the issuer's clock and ours may be; at most 60. */
  readonly skewSeconds: number
  /** Asked for every token, cached or not, after everything that waits. */
  readonly revokedAt?: RevokedAt
  /** Verified tokens remembered, at most; 10,000 unless said. */
  readonly maxCachedTokens?: number
  /** Told why an issuer's keys could not be had, for the operator's log. */
  readonly onTrouble?: (cause: unknown) => void
  readonly primitives?: Primitives
}

/** Verifies access tokens. Never rejects for anything that a token can contain. */
export interface Verifier {
  /** At once where the token is remembered and the runtime's digest is there at once. */
  verify(token: string): VerifiedToken | TokenRefusal | Promise<VerifiedToken | TokenRefusal>
}

interface Cached {
  readonly token: VerifiedToken
  /** The same as a subject, for what may be revoked. */
  readonly subject: Subject
  readonly keys: KeySet
  readonly fingerprint: string
}

/**
 * Prepares the issuers once. Throws `identity.configuration` when two could be confused or the skew exceeds 60 s.
 * Only verified tokens are remembered, so hostile ones cannot fill the cache. A hit spares what cannot have changed
 * since: signature, parsing, names. Audience, scopes, lifetime, revocation, and that the key is still the issuer's, are
 * asked again every time.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const { issuers, nowSeconds, skewSeconds, maxCachedTokens = 10_000, revokedAt = () => undefined } = options
  const { primitives = webPrimitives } = options
  checkIssuers(issuers)
  if (!(skewSeconds >= 0 && skewSeconds <= 60)) {
    throw new SallyportError('identity.configuration', 'the clock skew must be between 0 and 60 seconds')
  }
  const shared = {
    nowSeconds,
    primitives,
    ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }),
  }
  const byAddress = new Map(
    issuers.map((issuer) => [issuer.issuer, { issuer, keys: createKeySet({ ...shared, source: issuer.keys }) }]),
  )
  // Of this configuration alone: an answer under one is none under another (GHSA-4mq7-pvjg-xp2r).
  const cache = new Map<string, Cached>()

  function verify(token: string): VerifiedToken | TokenRefusal | Promise<VerifiedToken | TokenRefusal> {
    if (token.length > maxTokenLength) return refuseToken('token.too_large')
    const digest = primitives.digest(token)
    return typeof digest === 'string' ? verifyUnder(digest, token) : digest.then((text) => verifyUnder(text, token))
  }

  function verifyUnder(
    digest: string,
    token: string,
  ): VerifiedToken | TokenRefusal | Promise<VerifiedToken | TokenRefusal> {
    const cached = cache.get(digest)
    if (cached !== undefined && cached.keys.known(cached.token.keyId)?.fingerprint === cached.fingerprint) {
      const refusal = refusalNow(cached)
      // What is over stays over; what is not valid yet may become so.
      if (refusal?.code === 'token.expired' || refusal?.code === 'token.revoked') cache.delete(digest)
      return refusal ?? cached.token
    }
    cache.delete(digest)
    return remember(digest, verifyAnew(token, digest))
  }

  async function remember(
    digest: string,
    verifying: ReturnType<typeof verifyAnew>,
  ): Promise<VerifiedToken | TokenRefusal> {
    const verified = await verifying
    if (verified.kind === 'refused') return verified
    const refusal = refusalNow(verified)
    if (refusal !== undefined) return refusal
    cache.set(digest, verified)
    const [oldest] = cache.keys()
    if (cache.size > maxCachedTokens && oldest !== undefined) cache.delete(oldest)
    return verified.token
  }

  /** Everything that may change between two requests with one token. Synchronous, and the last thing asked. */
  function refusalNow({ token, subject }: Cached): TokenRefusal | undefined {
    const unfit = refusalAgain(token, token.scopes)
    if (unfit !== undefined) return unfit
    const untimely = checkLifetime(token, nowSeconds(), skewSeconds)
    if (untimely !== undefined) return untimely
    return isRevoked(subject, revokedAt) ? refuseToken('token.revoked') : undefined
  }

  async function verifyAnew(
    token: string,
    digest: string,
  ): Promise<(Cached & { readonly kind: 'cached' }) | TokenRefusal> {
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
    const binding = readBinding(jwt.claims)
    if ('kind' in binding) return binding
    const { issuer, keys } = from
    const { keyId, type, claims } = jwt
    const verified = { kind: 'verified', digest, issuer, keyId, type, binding, claims, ...lifetime, ...holder } as const
    return { kind: 'cached', token: verified, subject: subjectOf(verified, ''), keys, fingerprint: record.fingerprint }
  }

  return { verify }
}
