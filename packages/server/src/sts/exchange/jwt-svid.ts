import { importKey, parseJwt, verifyJws } from '@sallyport/core/identity'

import { parseSpiffeId, type SpiffeId } from '../../certificates/index.ts'

/** A JWT-SVID that held, or why not. */
export type JwtSvidVerdict =
  | {
      readonly kind: 'verified'
      readonly id: SpiffeId
      readonly keyId: string
      /** `iat`, or now where it states none. */
      readonly issuedAtSeconds: number
      readonly expiresAtSeconds: number
    }
  | { readonly kind: 'refused'; readonly code: JwtSvidCode }

/** Stable codes, documented in docs/errors.md. */
export type JwtSvidCode =
  | 'svid.malformed'
  | 'svid.id_malformed'
  | 'svid.trust_domain'
  | 'svid.unknown_key'
  | 'svid.signature'
  | 'svid.audience'
  | 'svid.expired'
  | 'svid.not_yet_valid'

const skewSeconds = 60

/**
 * Verifies a JWT-SVID for our audience (JWT-SVID §2–4): by the keys of the domain that its subject names, and no other
 * domain's. `iss` is no part of it. Adversary: a workload of one domain that would be one of another.
 */
export async function verifyJwtSvid(
  token: string,
  audience: string,
  keysOf: (trustDomain: string) => readonly object[] | undefined,
  nowSeconds: number,
): Promise<JwtSvidVerdict> {
  const jwt = parseJwt(token)
  if (jwt.kind === 'refused' || !['jwt', 'jose', undefined].includes(jwt.type)) return refuse('svid.malformed')
  const { sub, aud, exp, iat, nbf } = jwt.claims
  const id = typeof sub === 'string' ? parseSpiffeId(sub) : undefined
  if (id === undefined || id.path === '') return refuse('svid.id_malformed')
  const keys = keysOf(id.trustDomain)
  if (keys === undefined) return refuse('svid.trust_domain')
  const key = keys.find((one) => 'kid' in one && one.kid === jwt.keyId)
  // `use` has said that it signs JWT-SVIDs; elsewhere the word is not known.
  const record = key === undefined ? undefined : await importKey({ ...key, use: 'sig' })
  if (record === undefined || jwt.keyId === undefined) return refuse('svid.unknown_key')
  if ((await verifyJws(jwt, record)) !== undefined) return refuse('svid.signature')
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (!audiences.includes(audience)) return refuse('svid.audience')
  if (!isDate(exp) || ![iat, nbf].every((date) => date === undefined || isDate(date))) return refuse('svid.malformed')
  if (nowSeconds >= exp) return refuse('svid.expired')
  if ([iat, nbf].some((date) => isDate(date) && date > nowSeconds + skewSeconds)) return refuse('svid.not_yet_valid')
  const issuedAtSeconds = isDate(iat) ? iat : nowSeconds
  return { kind: 'verified', id, keyId: jwt.keyId, issuedAtSeconds, expiresAtSeconds: exp }
}

function isDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function refuse(code: JwtSvidCode): JwtSvidVerdict {
  return { kind: 'refused', code }
}
