import type { Device } from '@sallyport/core/access'
import { importKey, parseJwt, verifyJws } from '@sallyport/core/identity'

import type { User } from '../ports.ts'

const maxLifetimeSeconds = 60
const skewSeconds = 5

/**
 * The device that an assertion proves, if it proves one: a JWS (`typ: device-assertion+jwt`, ES256) by a key enrolled
 * for this very user, named by `kid`; `aud` is this issuer, `nonce` the sign-in under way, `exp` at most 60 s off.
 * Adversary: who holds the password and the second factor, but not the device; and who replays an assertion.
 */
export async function proveDevice(
  assertion: string,
  user: User,
  expected: { readonly issuer: string; readonly nonce: string; readonly nowSeconds: number },
): Promise<Device | undefined> {
  const jwt = parseJwt(assertion)
  if (jwt.kind === 'refused' || jwt.type !== 'device-assertion+jwt') return undefined
  const enrolled = user.devices.find(({ id }) => id === jwt.keyId)
  const jwk = enrolled?.publicJwk
  const record = jwk === undefined ? undefined : await importKey({ ...jwk, alg: 'ES256' })
  if (enrolled === undefined || record === undefined) return undefined
  if ((await verifyJws(jwt, record)) !== undefined) return undefined
  const { aud, nonce, iat, exp } = jwt.claims
  if (aud !== expected.issuer || nonce !== expected.nonce) return undefined
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp - iat > maxLifetimeSeconds) return undefined
  if (expected.nowSeconds >= exp || expected.nowSeconds < iat - skewSeconds) return undefined
  return { id: enrolled.id, managed: true, type: enrolled.type }
}

/**
 * The enrolled device whose key a token is bound to: its holder proves that key with every request, so nothing more has
 * to be proved at the sign-in. The provider has just verified a proof of it.
 */
export function deviceOfKey(user: User, thumbprint: string | undefined): Device | undefined {
  const enrolled = user.devices.find((one) => thumbprint !== undefined && one.thumbprint === thumbprint)
  return enrolled === undefined ? undefined : { id: enrolled.id, managed: true, type: enrolled.type }
}
