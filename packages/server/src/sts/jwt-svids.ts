import { createPrivateKey, type KeyObject, sign } from 'node:crypto'

import { openJwkRotation, type PublicJwk, publicJwks } from './jwk-rotation.ts'
import type { KeyStore, RotationPlan } from './rotation.ts'

/** What a JWT-SVID says. */
export interface JwtSvidClaims {
  /** The SPIFFE id. */
  readonly sub: string
  readonly aud: string
  readonly jti: string
  /** What is added: the code, the transaction, the person behind it, the certificate that it is bound to. */
  readonly more: Readonly<Record<string, unknown>>
}

/** JWT-SVIDs of one trust domain. */
export interface JwtSvids {
  /** Signed with ES256, good for a minute. */
  readonly mint: (claims: JwtSvidClaims) => string
  /** `use: jwt-svid` as a SPIFFE bundle has them, `sig` as JWT libraries want them. */
  readonly keys: (use: 'jwt-svid' | 'sig') => readonly PublicJwk[]
  readonly changedAtMs: () => number
  readonly advance: () => Promise<void>
}

const hour = 3_600_000
const lifetimeSeconds = 60
const plan: RotationPlan = { signsForMs: 30 * 24 * hour, leadMs: 24 * hour, lingersMs: hour }

/** Opens the keys of a trust domain's JWT-SVIDs. */
export async function openJwtSvids(options: {
  readonly trustDomain: string
  readonly store: KeyStore
  readonly nowMs: () => number
}): Promise<JwtSvids> {
  const { trustDomain, store, nowMs } = options
  const rotation = await openJwkRotation({ name: 'jwt-svid', algorithm: 'ES256', store, plan, nowMs })
  let present: { readonly keyId: string; readonly key: KeyObject; readonly header: string } | undefined

  function keyNow(): NonNullable<typeof present> {
    const { keyId, privatePem } = rotation.signing()
    if (present?.keyId === keyId) return present
    const header = encode({ alg: 'ES256', kid: keyId, typ: 'JWT' })
    return (present = { keyId, key: createPrivateKey(privatePem), header })
  }

  return {
    mint: ({ sub, aud, jti, more }) => {
      const { key, header } = keyNow()
      const iat = Math.floor(nowMs() / 1_000)
      const claims = encode({ ...more, iss: `spiffe://${trustDomain}`, sub, aud, jti, iat, exp: iat + lifetimeSeconds })
      const signature = sign('sha256', Buffer.from(`${header}.${claims}`), { key, dsaEncoding: 'ieee-p1363' })
      return `${header}.${claims}.${signature.toString('base64url')}`
    },
    keys: (use) => publicJwks(rotation, use),
    changedAtMs: rotation.changedAtMs,
    advance: rotation.advance,
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
