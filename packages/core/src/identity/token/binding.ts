import { isObject, type JsonObject } from '@sallyport/core/json'

import { refuseToken, type TokenRefusal } from '../refusal.ts'

/** What a token is bound to by its issuer; whoever presents it must prove each that is there. */
export interface Binding {
  /** RFC 9449 §6.1 `jkt`: the RFC 7638 SHA-256 thumbprint of the key that signs its proofs. */
  readonly keyThumbprint?: string
  /** RFC 8705 §3.1 `x5t#S256`: the SHA-256 thumbprint of the client's certificate, base64url. */
  readonly certificateThumbprint?: string
}

/** Base64url of 32 bytes; of the last letter only four bits count. */
const sha256Text = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

/**
 * Reads `cnf` (RFC 7800 §3.1). A method that we do not know is refused rather than passed over: the token would then
 * be used as if it were bound to nothing.
 */
export function readBinding(claims: JsonObject): Binding | TokenRefusal {
  const cnf = claims['cnf']
  if (cnf === undefined) return {}
  if (!isObject(cnf)) return refuseToken('token.binding')
  const { jkt, 'x5t#S256': x5t, ...others } = cnf
  const areKnown = Object.keys(others).length === 0 && (jkt !== undefined || x5t !== undefined)
  if (!areKnown || !isThumbprint(jkt) || !isThumbprint(x5t)) return refuseToken('token.binding')
  return {
    ...(jkt === undefined ? {} : { keyThumbprint: jkt }),
    ...(x5t === undefined ? {} : { certificateThumbprint: x5t }),
  }
}

function isThumbprint(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && sha256Text.test(value))
}
