import type { JsonObject } from '@sallyport/core/json'
import { refuseToken, type TokenRefusal } from './refusal.ts'

/** When a token may be used, in seconds since the epoch. */
export interface Lifetime {
  readonly issuedAtSeconds: number
  readonly notBeforeSeconds: number
  readonly expiresAtSeconds: number
}

/** `exp` and `iat` must be there: a token that cannot expire, or has no age, is none. */
export function readLifetime(claims: JsonObject): Lifetime | TokenRefusal {
  const { exp, iat, nbf = iat } = claims
  if (!isNumericDate(exp) || !isNumericDate(iat) || !isNumericDate(nbf)) return refuseToken('token.claims')
  return { issuedAtSeconds: iat, notBeforeSeconds: nbf, expiresAtSeconds: exp }
}

/** Undefined while the token may be used. The skew forgives both clocks; it is at most 60 s. */
export function checkLifetime(lifetime: Lifetime, nowSeconds: number, skewSeconds: number): TokenRefusal | undefined {
  if (nowSeconds >= lifetime.expiresAtSeconds + skewSeconds) return refuseToken('token.expired')
  const validFrom = Math.max(lifetime.issuedAtSeconds, lifetime.notBeforeSeconds)
  return nowSeconds < validFrom - skewSeconds ? refuseToken('token.not_yet_valid') : undefined
}

/** RFC 7519 §2 NumericDate; fractions are allowed, infinities and dates beyond any calendar are not. */
export function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 1e11
}
