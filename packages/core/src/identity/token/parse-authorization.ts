import { refuseToken, type TokenRefusal } from '../refusal.ts'

/** Larger than any access token of the issuers we know; what exceeds it is refused before it is hashed or parsed. */
export const maxTokenLength = 16_384

/** What the Authorization header of one request presents. */
export interface Presented {
  readonly scheme: 'bearer' | 'dpop'
  readonly token: string
}

/**
 * Takes the token out of all the Authorization headers of one request (RFC 6750 §2.1, RFC 9449 §7.1).
 * Adversary: who sends two headers so that two components read different ones. Exactly one may come,
 * with exactly one space after the scheme and nothing beyond the token's own alphabet.
 */
export function parseAuthorization(headerValues: readonly string[]): Presented | TokenRefusal {
  const [header, ...more] = headerValues
  if (header === undefined) return refuseToken('token.missing')
  if (more.length > 0) return refuseToken('token.duplicated')
  if (header.length > maxTokenLength + 'Bearer '.length) return refuseToken('token.too_large')
  const space = header.indexOf(' ')
  const scheme = space < 0 ? '' : header.slice(0, space).toLowerCase()
  if (scheme !== 'bearer' && scheme !== 'dpop') return refuseToken('token.scheme')
  const token = header.slice(space + 1)
  return /^[A-Za-z0-9._~+/-]+=*$/.test(token) ? { scheme, token } : refuseToken('token.malformed')
}
