import { exportJWK, generateKeyPair, SignJWT } from 'jose'

import type { CognitoIssuer } from '../issuer/issuer.ts'

/** A user pool that exists in this process only. */
export interface CognitoFixture {
  readonly issuer: string
  readonly clientId: string
  /** What the pool would serve at `/.well-known/jwks.json`. */
  readonly jwks: { readonly keys: readonly unknown[] }
  readonly configuration: CognitoIssuer
  /** A token with exactly the claims of Cognito's access tokens; `changes` replaces claims, undefined drops one. */
  accessToken(userName: string, groups: readonly string[], changes?: Readonly<Record<string, unknown>>): Promise<string>
  /** The same for an ID token. */
  idToken(userName: string, groups: readonly string[], changes?: Readonly<Record<string, unknown>>): Promise<string>
}

/** Makes a user pool's issuer with a fresh RSA key. Tests only: it signs whatever it is asked to. */
export async function createCognitoFixture(options: {
  readonly nowSeconds: () => number
  readonly name?: string
  readonly userPool?: string
}): Promise<CognitoFixture> {
  const { nowSeconds, name = 'pool', userPool = 'us-east-1_abc123' } = options
  const [region = 'us-east-1'] = userPool.split('_')
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPool}`
  const clientId = '1example23456789'
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const kid = 'cognito-key-1='
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig', kid }] }

  function common(userName: string): Record<string, unknown> {
    const now = nowSeconds()
    return {
      sub: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
      iss: issuer,
      origin_jti: `origin-${userName}`,
      event_id: 'f1e2d3c4-0000-4000-8000-000000000000',
      auth_time: now,
      exp: now + 3600,
      iat: now,
      jti: crypto.randomUUID(),
    }
  }
  // Cognito's header holds kid and alg, and no typ.
  const sign = (claims: Record<string, unknown>): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ kid, alg: 'RS256' }).sign(privateKey)

  return {
    issuer,
    clientId,
    jwks,
    configuration: { kind: 'cognito', name, issuer, clients: [clientId], groups: {}, keys: jwks },
    accessToken: (userName, groups, changes = {}) =>
      sign({
        ...common(userName),
        ...groupClaim(groups),
        version: 2,
        client_id: clientId,
        token_use: 'access',
        scope: 'aws.cognito.signin.user.admin',
        username: userName,
        ...changes,
      }),
    idToken: (userName, groups, changes = {}) =>
      sign({
        ...common(userName),
        ...groupClaim(groups),
        email: `${userName}@example.com`,
        email_verified: true,
        'cognito:username': userName,
        aud: clientId,
        token_use: 'id',
        ...changes,
      }),
  }
}

/** Cognito leaves the claim out for users in no group. */
function groupClaim(groups: readonly string[]): object {
  return groups.length === 0 ? {} : { 'cognito:groups': groups }
}
