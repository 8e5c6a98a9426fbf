import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto'

/** A Cognito-shaped user pool whose signing key the attack owns: it makes genuine tokens, and nearly genuine ones. */
export interface FixtureIssuer {
  /** The JWKS document that the hostile app's manifest names. */
  readonly jwks: string
  /** An access token for alice, a customer; with any claim or header member put in place of the genuine one. */
  token(changes?: { readonly claims?: object; readonly header?: object }): string
  /** The same, signed with HMAC under the public key's own text: algorithm confusion. */
  confusedToken(): string
}

/** The pool's issuer, as the hostile app's manifest declares it. */
export const fixtureIssuerUrl: string = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_hostile'

/** Makes the pool and its key. */
export function makeFixtureIssuer(nowMs: () => number): FixtureIssuer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const kid = randomUUID()
  const header = { alg: 'RS256', kid }
  const claims = (): object => {
    const now = Math.floor(nowMs() / 1000)
    return {
      sub: 'alice',
      username: 'alice',
      'cognito:groups': ['customer'],
      iss: fixtureIssuerUrl,
      client_id: 'hostile-client',
      token_use: 'access',
      scope: 'openid',
      auth_time: now - 5,
      iat: now - 5,
      exp: now + 300,
      jti: randomUUID(),
      origin_jti: randomUUID(),
    }
  }
  const signingInput = (head: object, body: object): string => `${encoded(head)}.${encoded(body)}`
  return {
    jwks: JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }] }),
    token: (changes = {}) => {
      const input = signingInput({ ...header, ...changes.header }, { ...claims(), ...changes.claims })
      return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
    },
    confusedToken: () => {
      const input = signingInput({ ...header, alg: 'HS256' }, claims())
      const key = publicKey.export({ type: 'spki', format: 'pem' })
      return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
    },
  }
}

/** A token with its header and claims changed and its signature left as it was. */
export function tampered(token: string, changes: { readonly header?: object; readonly claims?: object }): string {
  const [head = '', body = '', signature = ''] = token.split('.')
  const changed = (part: string, by: object | undefined): string =>
    by === undefined ? part : encoded({ ...decoded(part), ...by })
  return `${changed(head, changes.header)}.${changed(body, changes.claims)}.${signature}`
}

/** The same token with `alg: none` and no signature (RFC 8725 §2.1). */
export function unsigned(token: string): string {
  const [head = '', body = ''] = token.split('.')
  return `${encoded({ ...decoded(head), alg: 'none' })}.${body}.`
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decoded(part: string): object {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as object // parse boundary: a token we were given
}
