import { isObject, type JsonObject, stringList } from '@sallyport/core/json'

import { verifyJws } from '../keys/key-record.ts'
import type { KeySet } from '../keys/key-set.ts'
import { isNumericDate } from '../lifetime.ts'
import { parseJwt } from '../token/parse-jwt.ts'
import { type EventMeaning, meaningOfEvent } from './event-kinds.ts'
import { type EventSubject, readEventSubject } from './event-subject.ts'
import { type EventRefusal, refuseEvent } from './refusal.ts'

/** Whose events are believed, and for whom they must be made. */
export interface EventTrust {
  /** The exact `iss` of the transmitter. */
  readonly issuer: string
  /** Must be in `aud`. */
  readonly audience: string
  readonly keys: KeySet
}

/** One verified event. */
export interface SecurityEvent {
  readonly kind: 'event'
  /** `jti`: the same event may be sent more than once. */
  readonly id: string
  readonly issuedAtSeconds: number
  /** The event's URI. */
  readonly type: string
  /** Absent for an event about the stream itself. */
  readonly subject?: EventSubject
  readonly meaning: EventMeaning
}

/** How long an event may be on its way, and how long its id must be remembered. */
export const maxEventAgeSeconds = 604_800
const maxSkewSeconds = 60

/**
 * Verifies one security event token (RFC 8417) by the rules of the Shared Signals Framework 1.0: of its own type, so
 * that no other token of the issuer is taken for one (RFC 8417 §4.5), with exactly one event, and without `sub` and
 * `exp`, which would make it look like a token that grants. Never rejects for anything that a token can contain.
 */
export async function verifySecurityEvent(
  token: string,
  { issuer, audience, keys }: EventTrust,
  nowSeconds: number,
): Promise<SecurityEvent | EventRefusal> {
  const jwt = parseJwt(token)
  if (jwt.kind === 'refused') {
    return refuseEvent(jwt.code === 'token.too_large' ? 'signal.too_large' : 'signal.malformed')
  }
  if (jwt.type !== 'secevent+jwt') return refuseEvent('signal.type')
  const { claims } = jwt
  if (claims['iss'] !== issuer) return refuseEvent('signal.wrong_issuer')
  const { aud } = claims
  const isForUs = typeof aud === 'string' ? aud === audience : stringList(aud)?.includes(audience) === true
  if (!isForUs) return refuseEvent('signal.wrong_audience')
  if (jwt.keyId === undefined) return refuseEvent('signal.unknown_key')
  const key = await keys.find(jwt.keyId)
  if ('kind' in key) {
    return refuseEvent(key.code === 'token.keys_unavailable' ? 'signal.keys_unavailable' : 'signal.unknown_key')
  }
  if ((await verifyJws(jwt, key)) !== undefined) return refuseEvent('signal.signature')
  return readEvent(claims, nowSeconds)
}

/** Whose signature it is, is known by now; what it says is as good as its transmitter. */
function readEvent(claims: JsonObject, nowSeconds: number): SecurityEvent | EventRefusal {
  const { jti: id, iat, sub, exp, events } = claims
  const [only, ...more] = isObject(events) ? Object.entries(events) : []
  if (typeof id !== 'string' || id === '' || id.length > 256) return refuseEvent('signal.claims')
  if (!isNumericDate(iat) || sub !== undefined || exp !== undefined) return refuseEvent('signal.claims')
  if (only === undefined || more.length > 0) return refuseEvent('signal.claims')
  if (iat < nowSeconds - maxEventAgeSeconds) return refuseEvent('signal.too_old')
  if (iat > nowSeconds + maxSkewSeconds) return refuseEvent('signal.from_future')
  const [type, details] = only
  const meaning = isObject(details) ? meaningOfEvent(type, details) : undefined
  if (!isObject(details) || meaning === undefined) return refuseEvent('signal.unknown_event')
  const event = { kind: 'event', id, issuedAtSeconds: iat, type, meaning } as const
  if (meaning.stream !== undefined) return event
  // The framework's final form is `sub_id`; its drafts had `subject` in the event.
  const subject = readEventSubject(claims['sub_id'] ?? details['subject'])
  return subject === undefined ? refuseEvent('signal.unknown_subject') : { ...event, subject }
}
