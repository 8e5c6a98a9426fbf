import type { Deny } from '@sallyport/core/access'

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
  ['gateway.rate_limited', 429],
  ['route.unlisted', 404],
  ['route.mfa_required', 401],
  ['grant.ended', 401],
])

/** The answer to a denied request: a code, a reason and the id for `sallyport why`; nothing secret, no rule text. */
export function refusalResponse(decision: Deny, realm: string, retryAfterMs?: number): IngressResponse {
  const [{ code, message }] = decision.reasons
  const status = statuses.get(code) ?? (code.startsWith('token.') ? 401 : 403)
  return jsonResponse(status, { code, reason: message, id: decision.id }, [
    ...challenge(code, realm),
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

/** RFC 6750 §3 for a bad or missing token, RFC 9470 §3 where a stronger sign-in would do. */
function challenge(code: string, realm: string): readonly (readonly [string, string])[] {
  if (code === 'token.missing') return [['www-authenticate', `Bearer realm="${realm}"`]]
  if (code.startsWith('token.')) return [['www-authenticate', `Bearer realm="${realm}", error="invalid_token"`]]
  if (code === 'route.mfa_required') {
    const wanted = 'error="insufficient_user_authentication", acr_values="urn:sallyport:mfa"'
    return [['www-authenticate', `Bearer realm="${realm}", ${wanted}`]]
  }
  return []
}
