import { calculateJwkThumbprint, type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

import { encodeBase64url } from '../encoding/base64url.ts'

/** A client with a key of its own, whose proofs a test may bend. */
export interface DpopClient {
  readonly thumbprint: string
  readonly publicJwk: JWK
  readonly privateKey: CryptoKey
  /** A proof for this request with this token; undefined drops a member. */
  proof(
    request: { readonly method: string; readonly url: string; readonly accessToken: string; readonly now: number },
    claims?: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ): Promise<string>
}

let proofs = 0

/** Tests only: makes a client with a fresh key. */
export async function createDpopClient(alg = 'ES256'): Promise<DpopClient> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const publicJwk = await exportJWK(publicKey)
  return {
    thumbprint: await calculateJwkThumbprint(publicJwk),
    publicJwk,
    privateKey,
    proof: async ({ method, url, accessToken, now }, claims = {}, header = {}) => {
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(accessToken))
      const ath = encodeBase64url(new Uint8Array(digest))
      proofs += 1
      return new SignJWT({ htm: method, htu: url, iat: now, jti: `proof-${proofs}`, ath, ...claims })
        .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: publicJwk, ...header })
        .sign(privateKey, { crit: { b64: true } })
    },
  }
}
