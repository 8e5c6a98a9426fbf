import type { Deny } from '@sallyport/core/access'
import type { Assurance } from '@sallyport/manifest'

import type { IngressResponse } from './request.ts'

/** Code → HTTP status; a code that is not here is 403, for an unknown "no" is still a no. */
const statuses: ReadonlyMap<string, number> = new Map([
  ['request.duplicate_header', 400],
  ['request.path', 400],
  ['request.framing', 400],
  ['request.schema', 400],
  ['request.json', 400],
  ['request.http_version', 505],
  ['request.method', 405],
  ['request.authority', 421],
  ['request.content_encoding', 415],
  ['request.content_type', 415],
  ['request.upgrade', 400],
  ['request.too_large', 413],
  ['request.too_fine', 400],
  ['gateway.rate_limited', 429],
  ['gateway.flooded', 429],
  ['route.unlisted', 404],
  ['route.mfa_required', 401],
  ['route.authentication_too_old', 401],
  ['grant.ended', 401],
  ['token.insufficient_scope', 403],
])

/** How the caller authenticates, as far as a challenge must know. */
export interface ChallengeFacts {
  readonly realm: string
  /** Whether the refused request spoke DPoP. */
  readonly dpop: boolean
  readonly retryAfterMs?: number
  /** What the route demands of a sign-in; said whole, so that one sign-in is enough. */
  readonly assurance?: Assurance
  /** The caller proved two factors: the next sign-in must not prove less. */
  readonly mfa?: boolean
}

/** The answer to a denied request: a code, a reason and the id for `sallyport why`; nothing secret, no rule text. */
export function refusalResponse(decision: Deny, facts: ChallengeFacts): IngressResponse {
  const { retryAfterMs } = facts
  const [{ code, message }] = decision.reasons
  const status = statuses.get(code) ?? (/^(?:token|dpop|svid|http-signature)\./.test(code) ? 401 : 403)
  return jsonResponse(status, { code, reason: message, id: decision.id }, [
    ...challenges(code, facts).map((challenge) => ['www-authenticate', challenge] as const),
    ...(retryAfterMs === undefined ? [] : [['retry-after', String(Math.ceil(retryAfterMs / 1000))] as const]),
  ])
}

/** An answer of the gateway's own, as JSON and never to be cached. Names in `headers` are lower case. */
export function jsonResponse(
  status: number,
  value: unknown,
  headers: readonly (readonly [string, string])[] = [],
): IngressResponse {
  return {
    status,
    headers: [['content-type', 'application/json'], ['cache-control', 'no-store'], ...headers],
    body: new TextEncoder().encode(`${JSON.stringify(value)}\n`),
  }
}

/** What a challenge says beside its scheme: RFC 6750 §3.1, RFC 9449 §7.1 and §9. Nothing of the caller. */
function errorOf(code: string, facts: ChallengeFacts): string | undefined {
  if (code === 'dpop.nonce_required' || code === 'dpop.nonce_stale') return 'error="use_dpop_nonce"'
  if (code.startsWith('dpop.')) return 'error="invalid_dpop_proof"'
  if (code === 'token.insufficient_scope') return 'error="insufficient_scope"'
  if (/^(?:token|svid)\./.test(code) || code === 'grant.ended') return 'error="invalid_token"'
  return stepUpChallenge(code, facts)
}

/** How to sign in instead, as part of a challenge (RFC 9470 §3, RFC 6750 §3.1); none for other refusals. */
export function stepUpChallenge(
  code: string,
  { assurance, mfa = false }: Pick<ChallengeFacts, 'assurance' | 'mfa'>,
): string | undefined {
  const reason = /^(?:route|administration)\.(.+)$/.exec(code)?.[1]
  const { maxAgeSeconds, scopes = [] } = assurance ?? {}
  if (reason === 'insufficient_scope') return `error="insufficient_scope", scope="${scopes.join(' ')}"`
  if (reason !== 'mfa_required' && reason !== 'authentication_too_old') return undefined
  const needsMfa = reason === 'mfa_required' || mfa || assurance?.mfa === true
  return [
    'error="insufficient_user_authentication"',
    ...(needsMfa ? ['acr_values="urn:sallyport:acr:mfa"'] : []),
    ...(maxAgeSeconds === undefined ? [] : [`max_age="${maxAgeSeconds}"`]),
  ].join(', ')
}

const algorithms = 'algs="ES256 ES384 EdDSA Ed25519 PS256 RS256"'

/** Whoever has shown nothing learns of both schemes; whoever spoke one is answered in it. */
function challenges(code: string, facts: ChallengeFacts): readonly string[] {
  const { realm, dpop } = facts
  const bearer = `Bearer realm="${realm}"`
  const proof = `DPoP realm="${realm}", ${algorithms}`
  // There is no scheme for signatures: whoever's does not count learns what else is taken.
  if (code === 'token.missing' || code.startsWith('http-signature.')) return [bearer, proof]
  const error = errorOf(code, facts)
  if (error === undefined) return []
  // A bound token that came as a bearer token, or without its proof, is told what it needs.
  const speaksDpop = dpop || code.startsWith('dpop.') || code === 'token.sender_constrained'
  return [`${speaksDpop ? proof : bearer}, ${error}`]
}
