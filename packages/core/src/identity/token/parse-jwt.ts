import { type JsonObject, parseStrictObject } from '@sallyport/core/json'
import { decodeBase64url } from '../encoding/base64url.ts'
import { maxTokenLength } from './parse-authorization.ts'
import { refuseToken, type TokenRefusal } from '../refusal.ts'

/** A compact JWS, parsed and not yet believed. */
export interface ParsedJws {
  readonly kind: 'parsed'
  readonly algorithm: string
  readonly keyId: string | undefined
  /** `typ` in lower case without `application/` (RFC 7515 §4.1.9). */
  readonly type: string | undefined
  /** Every member of the header; `jwk` is among them only where the kind of token carries its own key. */
  readonly header: JsonObject
  readonly payload: Uint8Array<ArrayBuffer>
  /** What was signed: the first two parts as they came, which are canonical. */
  readonly signed: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
}

/** A JWT, parsed and not yet believed. */
export interface ParsedJwt extends ParsedJws {
  readonly claims: JsonObject
}

/**
 * Header members by which a token would choose its own key, or change what its bytes mean.
 * A verifier that honours one of them verifies what the attacker brought along (RFC 8725 §3.10).
 */
const refusedMembers = ['crit', 'jwk', 'jku', 'x5u', 'x5c', 'b64', 'zip', 'enc', 'epk'] as const

const encoder = new TextEncoder()

/**
 * Parses the compact serialisation and nothing else (RFC 7515 §7.1): exactly three canonical parts.
 * `carriesKey` lets the header hold `jwk`, for the one kind of token whose key is compared with something else.
 */
export function parseJws(token: string, carriesKey = false): ParsedJws | TokenRefusal {
  if (token.length > maxTokenLength) return refuseToken('token.too_large')
  const [headerPart, payloadPart, signaturePart, ...more] = token.split('.', 4)
  if (headerPart === undefined || payloadPart === undefined || signaturePart === undefined || more.length > 0) {
    return refuseToken('token.malformed')
  }
  const headerBytes = decodeBase64url(headerPart)
  const payload = decodeBase64url(payloadPart)
  const signature = decodeBase64url(signaturePart)
  if (headerBytes === undefined || payload === undefined || signature === undefined) {
    return refuseToken('token.malformed')
  }
  const header = parseStrictObject(headerBytes)
  if (header === undefined) return refuseToken('token.malformed')
  if (refusedMembers.some((name) => name in header && !(carriesKey && name === 'jwk'))) {
    return refuseToken('token.header')
  }
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') return refuseToken('token.malformed')
  if (!isOptionalString(kid) || !isOptionalString(typ)) return refuseToken('token.malformed')
  const signed = encoder.encode(`${headerPart}.${payloadPart}`)
  const type = typ?.toLowerCase().replace(/^application\//, '')
  return { kind: 'parsed', algorithm: alg, keyId: kid, type, header, payload, signed, signature }
}

/** Parses a JWT: a compact JWS whose payload is one JSON object without duplicate members. */
export function parseJwt(token: string, carriesKey = false): ParsedJwt | TokenRefusal {
  const jws = parseJws(token, carriesKey)
  if (jws.kind === 'refused') return jws
  if (saysNested(jws.header['cty'])) return refuseToken('token.header')
  const claims = parseStrictObject(jws.payload)
  return claims === undefined ? refuseToken('token.malformed') : { ...jws, claims }
}

/**
 * RFC 7519 §5.2: `cty` says that the payload is a JWT in its turn. What has claims there after all means one thing to
 * us and another to a reader who goes by the header.
 */
function saysNested(contentType: unknown): boolean {
  if (contentType === undefined) return false
  return typeof contentType !== 'string' || /^(?:application\/)?(?:[^/]*\+)?jwt$/i.test(contentType)
}

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value.length <= 512)
}
