import { createPrivateKey, type KeyObject, sign } from 'node:crypto'

import type { Subject } from '@sallyport/core/access'
import type { StsIssuer } from '@sallyport/core/identity'

import { openJwkRotation, type PublicJwk, publicJwks } from './jwk-rotation.ts'
import type { KeyStore, RotationPlan } from './rotation.ts'

/** What a token of ours is bound to: whoever presents it proves this key, or shows this certificate. */
export type Confirmation = { readonly jkt: string } | { readonly 'x5t#S256': string }

/** One token to be made. */
export interface AccessTokenClaims {
  readonly subject: Subject
  readonly scopes: readonly string[]
  readonly confirmation: Confirmation
  readonly tokenId: string
  readonly expiresAtSeconds: number
}

/** Bound access tokens (RFC 9068) for the app's own gateway. */
export interface AccessTokens {
  readonly mint: (claims: AccessTokenClaims) => string
  /** How the gateway's verifier knows them. */
  readonly issuer: StsIssuer
  readonly keys: () => readonly PublicJwk[]
  readonly advance: () => Promise<void>
}

const hour = 3_600_000
const plan: RotationPlan = { signsForMs: 30 * 24 * hour, leadMs: 24 * hour, lingersMs: hour }

/** Opens the keys of an app's exchanged tokens. */
export async function openAccessTokens(options: {
  readonly app: string
  readonly audience: string
  readonly store: KeyStore
  readonly nowMs: () => number
}): Promise<AccessTokens> {
  const { app, audience, store, nowMs } = options
  const rotation = await openJwkRotation({ name: 'access-token', algorithm: 'ES256', store, plan, nowMs })
  const issuer = `urn:sallyport:sts:${app}`
  let present: { readonly keyId: string; readonly key: KeyObject; readonly header: string } | undefined

  function keyNow(): NonNullable<typeof present> {
    const { keyId, privatePem } = rotation.signing()
    if (present?.keyId === keyId) return present
    const header = encode({ alg: 'ES256', kid: keyId, typ: 'at+jwt' })
    return (present = { keyId, key: createPrivateKey(privatePem), header })
  }

  return {
    issuer: {
      kind: 'sts',
      name: 'sts',
      issuer,
      audience,
      keys: () => Promise.resolve({ keys: publicJwks(rotation, 'sig') }),
    },
    mint: (claims) => {
      const { key, header } = keyNow()
      const iat = Math.floor(nowMs() / 1_000)
      const payload = encode({ iss: issuer, aud: audience, iat, ...claimsOf(claims) })
      const signature = sign('sha256', Buffer.from(`${header}.${payload}`), { key, dsaEncoding: 'ieee-p1363' })
      return `${header}.${payload}.${signature.toString('base64url')}`
    },
    keys: () => publicJwks(rotation, 'sig'),
    advance: rotation.advance,
  }
}

/** Whatever a policy could ask of the first proof stands here as well: an exchange says no more and no less. */
function claimsOf({ subject, scopes, confirmation, tokenId, expiresAtSeconds }: AccessTokenClaims): object {
  const { name, roles, authentication, credential, sessionId } = subject
  const { methods = [], context, authenticatedAtSeconds = 0 } = authentication ?? {}
  return {
    sub: name,
    exp: expiresAtSeconds,
    jti: tokenId,
    client_id: credential?.clientId ?? name,
    origin: credential?.issuerName ?? 'service',
    tags: credential?.tags ?? {},
    scope: scopes.join(' '),
    roles,
    amr: methods,
    ...(context === undefined ? {} : { acr: context }),
    ...(authenticatedAtSeconds === 0 ? {} : { auth_time: authenticatedAtSeconds }),
    ...(sessionId === undefined ? {} : { sid: sessionId }),
    cnf: confirmation,
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
