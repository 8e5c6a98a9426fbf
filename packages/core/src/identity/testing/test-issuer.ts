import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

import { encodeBase64url } from '../encoding/base64url.ts'
import type { EmbeddedIssuer } from '../issuer/issuer.ts'

export const testNow = 1_700_000_000

/** An issuer like the embedded one, whose tokens a test may bend. */
export interface TestIssuer {
  readonly configuration: EmbeddedIssuer
  readonly publicJwk: JWK
  readonly privateKey: CryptoKey
  readonly claims: Readonly<Record<string, unknown>>
  token(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>
}

/** Tests only: signs whatever it is asked to, with a fresh ES256 key. */
export async function createTestIssuer(issuer = 'https://issuer.example', kid = 'k1'): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }
  const audience = 'urn:sallyport:checkout'
  const claims = {
    iss: issuer,
    aud: audience,
    sub: 'alice',
    client_id: 'sallyport-cli',
    jti: 'j1',
    sid: 's1',
    iat: testNow - 10,
    exp: testNow + 600,
    auth_time: testNow - 20,
    amr: ['pwd', 'otp'],
    acr: 'urn:sallyport:acr:mfa',
    roles: ['customer'],
  }
  return {
    configuration: { kind: 'embedded', name: 'embedded', issuer, audience, keys: { keys: [publicJwk] } },
    publicJwk,
    privateKey,
    claims,
    token: (changes = {}, header = {}) =>
      new SignJWT({ ...claims, ...changes })
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt', ...header })
        .sign(privateKey, { crit: { b64: true } }),
  }
}

/** Joins and signs raw parts, for tokens that no library would make. */
export async function signRaw(header: string, payload: string, key: CryptoKey): Promise<string> {
  const part = (text: string): string => encodeBase64url(utf8(text))
  const signed = `${part(header)}.${part(payload)}`
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, utf8(signed))
  return `${signed}.${encodeBase64url(new Uint8Array(signature))}`
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}
