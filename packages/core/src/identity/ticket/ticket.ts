import { SallyportError } from '@sallyport/core/access'
import { isObject, type JsonObject, stringList } from '@sallyport/core/json'

import { decodeBase64url, encodeBase64url, toBase64url } from '../encoding/base64url.ts'
import { isNumericDate } from '../lifetime.ts'
import { equalBytes } from '../encoding/equal.ts'
import type { SeenOnce } from '../seen-once.ts'

/**
 * HMAC-SHA-256 under the box's own key over ASCII text, synchronous:
 * `(text) => createHmac('sha256', key).update(text, 'latin1').digest()`, where `key` is a `KeyObject`, made once.
 */
export type TicketMac = (text: string) => Uint8Array

/** What a ticket says: this attempt, of this body, for this code, on behalf of these. */
export interface TicketClaims {
  /** ARN of the function that may be run. */
  readonly audience: string
  /** SHA-256 of its built code, hex. */
  readonly codeDigest: string
  /** SHA-256 of the event's bytes, hex. */
  readonly bodySha256: string
  /** ARNs of the functions on the way, outermost first. */
  readonly actors: readonly string[]
  readonly transaction: string
  /** The invocation's id; a retry is another attempt, and needs another ticket. */
  readonly attempt: string
  /** The decision that admitted it. */
  readonly decision: string
  /** ARN of the person on whose behalf it runs; absent when there is none. */
  readonly user?: string
  readonly issuedAtSeconds: number
  /** At most 60 s after `issuedAtSeconds`. */
  readonly expiresAtSeconds: number
}

/** What the verifier knows by itself, and a ticket must agree with. */
export interface TicketExpectations {
  readonly audience: string
  readonly codeDigest: string
  readonly bodySha256: string
  readonly nowSeconds: number
}

/** A ticket that was used up just now, or why not. */
export type TicketVerdict =
  | { readonly kind: 'accepted'; readonly claims: TicketClaims }
  | { readonly kind: 'refused'; readonly code: TicketRefusalCode }

/** Stable codes, documented in docs/errors.md. */
export type TicketRefusalCode =
  | 'ticket.malformed'
  | 'ticket.missing'
  | 'ticket.mac'
  | 'ticket.signature'
  | 'ticket.issuer'
  | 'ticket.keys_unavailable'
  | 'ticket.expired'
  | 'ticket.not_yet_valid'
  | 'ticket.audience'
  | 'ticket.code'
  | 'ticket.body'
  | 'ticket.replayed'
  | 'ticket.replay_memory_full'

/** How long a ticket of either kind may live. */
export const maxTicketLifetimeSeconds = 60
/** Mint and verifier share a machine and its clock; this forgives rounding, not drift. */
const skewSeconds = 2
const maxTicketLength = 16_384
const signedForm = /^v1\.[A-Za-z0-9_-]+$/

/** Makes a ticket. Throws `identity.ticket` when asked for one that `verifyTicket` could never accept. */
export function mintTicket(mac: TicketMac, claims: TicketClaims): string {
  const lifetime = claims.expiresAtSeconds - claims.issuedAtSeconds
  if (!(lifetime > 0 && lifetime <= maxTicketLifetimeSeconds)) {
    throw new SallyportError('identity.ticket', 'a ticket lives for at most 60 seconds')
  }
  const signed = `v1.${toBase64url(asciiJson(claims))}`
  if (signed.length > maxTicketLength - 44) throw new SallyportError('identity.ticket', 'the actor chain is too long')
  return `${signed}.${encodeBase64url(mac(signed))}`
}

/** JSON in ASCII, so that it is its own bytes: other letters stand as `\uXXXX` (RFC 8259 §7). */
function asciiJson(claims: TicketClaims): string {
  const json = JSON.stringify(claims)
  if (!/[^\0-\x7f]/.test(json)) return json
  return json.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * Checks a ticket and uses it up. Adversary: who holds the box's port but not its key, and who replays.
 *
 * The algorithm, for a verifier in plain JavaScript that cannot import this module:
 * 1. Split at `.`: exactly three parts, the first `v1`, the others canonical base64url without padding.
 * 2. mac = HMAC-SHA-256(key, ASCII bytes of `v1.` + second part); compare with the third part in constant time.
 * 3. Parse the second part's bytes as JSON (ASCII) with the members of `TicketClaims`.
 * 4. 0 < expiresAtSeconds − issuedAtSeconds ≤ 60; issuedAtSeconds − 2 ≤ now < expiresAtSeconds.
 * 5. audience, codeDigest and bodySha256 equal what the verifier itself knows and has hashed.
 * 6. `attempt` was not seen before; remember it until it expires. When that memory is full, refuse.
 */
export function verifyTicket(
  mac: TicketMac,
  ticket: string,
  expected: TicketExpectations,
  seen: SeenOnce,
): TicketVerdict {
  if (ticket.length > maxTicketLength) return refuse('ticket.malformed')
  const signed = ticket.slice(0, Math.max(0, ticket.lastIndexOf('.')))
  const tag = decodeBase64url(ticket.slice(signed.length + 1))
  if (tag === undefined || !signedForm.test(signed)) return refuse('ticket.malformed')
  if (!equalBytes(mac(signed), tag)) return refuse('ticket.mac')
  const claims = readTicketClaims(signed.slice('v1.'.length))
  if (claims === undefined) return refuse('ticket.malformed')
  const { issuedAtSeconds, expiresAtSeconds } = claims
  if (expiresAtSeconds - issuedAtSeconds > maxTicketLifetimeSeconds) return refuse('ticket.malformed')
  if (expected.nowSeconds >= expiresAtSeconds) return refuse('ticket.expired')
  if (expected.nowSeconds < issuedAtSeconds - skewSeconds) return refuse('ticket.not_yet_valid')
  if (claims.audience !== expected.audience) return refuse('ticket.audience')
  if (claims.codeDigest !== expected.codeDigest) return refuse('ticket.code')
  if (claims.bodySha256 !== expected.bodySha256) return refuse('ticket.body')
  const use = seen.use(claims.attempt, expiresAtSeconds, expected.nowSeconds)
  if (use === 'full') return refuse('ticket.replay_memory_full')
  return use === 'first' ? { kind: 'accepted', claims } : refuse('ticket.replayed')
}

/** The MAC has held: whatever stands here, the key's holder made of `TicketClaims`, and one parse of it is enough. */
function readTicketClaims(body: string): TicketClaims | undefined {
  const members = parseOwn(body)
  return members === undefined ? undefined : asTicketClaims(members)
}

function parseOwn(body: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/')))
    return isObject(value) ? value : undefined
  } catch {
    return undefined // neither base64 nor JSON: a key's holder that is no `mintTicket`
  }
}

function asTicketClaims(members: JsonObject): TicketClaims | undefined {
  const { audience, codeDigest, bodySha256, transaction, attempt, decision, user } = members
  const { issuedAtSeconds, expiresAtSeconds } = members
  const actors = stringList(members['actors'])
  if (!isText(audience) || !isText(codeDigest) || !isText(bodySha256) || !isText(transaction)) return undefined
  if (!isText(attempt) || !isText(decision) || actors === undefined) return undefined
  if (!isNumericDate(issuedAtSeconds) || !isNumericDate(expiresAtSeconds)) return undefined
  const what = { audience, codeDigest, bodySha256, actors, transaction, attempt, decision }
  const known = { ...what, issuedAtSeconds, expiresAtSeconds }
  if (user === undefined) return known
  return isText(user) ? { ...known, user } : undefined
}

function refuse(code: TicketRefusalCode): TicketVerdict {
  return { kind: 'refused', code }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
