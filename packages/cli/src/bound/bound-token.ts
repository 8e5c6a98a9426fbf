import { createHash, createPrivateKey, generateKeyPairSync, type JsonWebKey, randomUUID, sign } from 'node:crypto'

/** A key that tokens are bound to (RFC 9449): P-256, private, and never sent anywhere. Secret. */
export interface HolderKey {
  readonly privateJwk: JsonWebKey
}

/** An access token, and the key without which it opens nothing. Secret. */
export interface BoundToken {
  readonly accessToken: string
  readonly key: HolderKey
}

/** A fresh key, for one sign-in. */
export function makeHolderKey(): HolderKey {
  return { privateJwk: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) }
}

/** The name of a key: its RFC 7638 thumbprint, as tokens state it in `cnf.jkt`. */
export function thumbprintOf({ privateJwk: { crv, kty, x, y } }: HolderKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}

/** What one proof is for. */
export interface ProofOf {
  readonly method: string
  /** Scheme, authority and path. */
  readonly url: string
  /** The token that goes with it; absent where one is only asked for. */
  readonly accessToken?: string
  /** What the far side handed out last. */
  readonly nonce?: string
}

/** A proof that whoever sends this one request holds the key (RFC 9449 §4.2): a JWS, ES256, for a minute, once. */
export function proofOf({ privateJwk }: HolderKey, { method, url, accessToken, nonce }: ProofOf): string {
  const { crv, kty, x, y } = privateJwk
  const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: { crv, kty, x, y } }
  const { origin, pathname } = new URL(url)
  const claims = {
    htm: method,
    htu: `${origin}${pathname}`,
    iat: Math.floor(Date.now() / 1_000),
    jti: randomUUID(),
    ...(accessToken === undefined ? {} : { ath: createHash('sha256').update(accessToken).digest('base64url') }),
    ...(nonce === undefined ? {} : { nonce }),
  }
  const signed = `${encode(header)}.${encode(claims)}`
  const key = createPrivateKey({ key: privateJwk, format: 'jwk' })
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
