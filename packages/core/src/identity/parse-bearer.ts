import { refuseToken, type TokenRefusal } from './refusal.ts'

/** Larger than any access token of the issuers we know; what exceeds it is refused before it is hashed or parsed. */
export const maxTokenLength = 16_384

/**
 * Takes the bearer token out of all the Authorization headers of one request (RFC 6750 §2.1).
 * Adversary: who sends two headers so that two components read different ones. Exactly one may come,
 * with exactly one space after the scheme and nothing beyond the token's own alphabet.
 */
export function parseBearer(headerValues: readonly string[]): { readonly token: string } | TokenRefusal {
  const [header, ...more] = headerValues
  if (header === undefined) return refuseToken('token.missing')
  if (more.length > 0) return refuseToken('token.duplicated')
  if (header.length > maxTokenLength + 'Bearer '.length) return refuseToken('token.too_large')
  if (header.slice(0, 7).toLowerCase() !== 'bearer ') return refuseToken('token.scheme')
  const token = header.slice(7)
  return /^[A-Za-z0-9._~+/-]+=*$/.test(token) ? { token } : refuseToken('token.malformed')
}
