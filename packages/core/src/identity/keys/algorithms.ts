/** What WebCrypto needs to import a public key for a JWS algorithm and to verify with it (RFC 7518 §3.1, RFC 8037). */
export interface Algorithm {
  readonly kty: 'EC' | 'RSA' | 'OKP'
  readonly crv?: string
  readonly parameters: {
    readonly name: string
    readonly namedCurve?: string
    readonly hash?: string
    readonly saltLength?: number
  }
  readonly signatureLength?: number
}

const ecdsa = (crv: string, hash: string, signatureLength: number): Algorithm => ({
  kty: 'EC',
  crv,
  parameters: { name: 'ECDSA', namedCurve: crv, hash },
  signatureLength,
})
const rsa = (hash: string): Algorithm => ({ kty: 'RSA', parameters: { name: 'RSASSA-PKCS1-v1_5', hash } })
const pss = (hash: string, saltLength: number): Algorithm => ({
  kty: 'RSA',
  parameters: { name: 'RSA-PSS', hash, saltLength },
})
const ed25519: Algorithm = { kty: 'OKP', crv: 'Ed25519', parameters: { name: 'Ed25519' }, signatureLength: 64 }

/**
 * Every algorithm that an issuer's key may have. No MAC stands here and never may: with one, whoever knows the
 * public key could sign (RFC 8725 §2.1). A Map, so that `__proto__` names nothing. Two names for one algorithm are one
 * and the same entry: `Ed25519` is what `EdDSA` means with the only curve that it has here (RFC 9864 §2.2).
 */
export const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['ES256', ecdsa('P-256', 'SHA-256', 64)],
  ['ES384', ecdsa('P-384', 'SHA-384', 96)],
  ['ES512', ecdsa('P-521', 'SHA-512', 132)],
  ['RS256', rsa('SHA-256')],
  ['RS384', rsa('SHA-384')],
  ['RS512', rsa('SHA-512')],
  ['PS256', pss('SHA-256', 32)],
  ['PS384', pss('SHA-384', 48)],
  ['PS512', pss('SHA-512', 64)],
  ['EdDSA', ed25519],
  ['Ed25519', ed25519],
])

/** The one algorithm of a key that does not say: what issuers without `alg` in their keys (Entra ID) mean. */
export function impliedAlgorithm(kty: unknown, crv: unknown): string | undefined {
  if (kty === 'RSA') return 'RS256'
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA'
  if (kty !== 'EC') return undefined
  return crv === 'P-256' ? 'ES256' : crv === 'P-384' ? 'ES384' : crv === 'P-521' ? 'ES512' : undefined
}
