import type { JWK } from 'jose'
import { isObject, type JsonObject, stringList } from '@sallyport/core/json'

import { type Algorithm, algorithms, impliedAlgorithm } from './algorithms.ts'
import { decodeBase64url } from '../encoding/base64url.ts'
import { type Primitives, webPrimitives } from '../primitives.ts'
import type { ParsedJws } from '../token/parse-jwt.ts'
import { refuseToken, type TokenRefusal } from '../refusal.ts'
import { isRoca } from './roca.ts'
import { isSmallOrder } from './small-order.ts'
import type { VerifyingKey } from './verifying-key.ts'

/** One public key of an issuer, with the one algorithm it may be used with. */
export interface KeyRecord {
  readonly algorithm: string
  readonly key: VerifyingKey
  /** Equal for equal keys: a token verified under a key that was since replaced is verified again. */
  readonly fingerprint: string
}

const minRsaBits = 2048
const maxMemberLength = 2048 // base64url of a 12,288-bit modulus
/** Members of private and symmetric keys (RFC 7518 §6): a key that was published with one is a secret no more. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

/**
 * Reads one JWK; undefined for any that may not verify tokens: private or symmetric, for encryption,
 * of an unknown or contradictory algorithm, an RSA modulus under 2048 bits or of the flawed generator of
 * CVE-2017-15361, an even, trivial or costly exponent, a coordinate of another length than its curve's, an Ed25519
 * point of small order.
 */
export async function importKey(
  jwk: unknown,
  primitives: Pick<Primitives, 'importKey'> = webPrimitives,
): Promise<KeyRecord | undefined> {
  if (!isObject(jwk) || secretMembers.some((name) => name in jwk)) return undefined
  const { kty, crv, use, n, e, x, y } = jwk
  const keyOperations = jwk['key_ops']
  if (use !== undefined && use !== 'sig') return undefined
  if (keyOperations !== undefined && stringList(keyOperations)?.includes('verify') !== true) return undefined
  const name = jwk['alg'] === undefined ? impliedAlgorithm(kty, crv) : jwk['alg']
  if (typeof name !== 'string') return undefined
  const algorithm = algorithms.get(name)
  if (algorithm === undefined || algorithm.kty !== kty || algorithm.crv !== crv) return undefined
  const members = publicMembers(algorithm, { n, e, x, y })
  if (members === undefined) return undefined
  const key = await primitives.importKey(algorithm, members)
  if (key === undefined) return undefined
  if (algorithm.kty === 'RSA' && !((key.modulusBits ?? 0) >= minRsaBits)) return undefined
  return { algorithm: name, key, fingerprint: JSON.stringify([name, members]) }
}

/**
 * RFC 7638 §3.1: what is hashed for a key's thumbprint, its required members in lexical order; undefined for what is
 * no public key of a kind that signs.
 */
export function thumbprintInput(jwk: JsonObject): string | undefined {
  const names = new Map<unknown, readonly string[]>([
    ['EC', ['crv', 'kty', 'x', 'y']],
    ['OKP', ['crv', 'kty', 'x']],
    ['RSA', ['e', 'kty', 'n']],
  ]).get(jwk['kty'])
  const members = names?.map((name): [string, unknown] => [name, jwk[name]])
  if (members === undefined || !members.every(([, value]) => isMember(value))) return undefined
  return JSON.stringify(Object.fromEntries(members))
}

/** Verifies under the record's algorithm; the header's is only compared with it, never used. */
export async function verifyJws(jws: ParsedJws, record: KeyRecord): Promise<TokenRefusal | undefined> {
  const algorithm = algorithms.get(record.algorithm)
  if (algorithm === undefined || algorithms.get(jws.algorithm) !== algorithm) return refuseToken('token.algorithm')
  if (algorithm.signatureLength !== undefined && jws.signature.length !== algorithm.signatureLength) {
    return refuseToken('token.signature')
  }
  const valid = await record.key.verify(jws.signed, jws.signature)
  return valid ? undefined : refuseToken('token.signature')
}

function publicMembers(algorithm: Algorithm, jwk: Readonly<Record<'n' | 'e' | 'x' | 'y', unknown>>): JWK | undefined {
  const { n, e, x, y } = jwk
  const { kty, crv } = algorithm
  if (kty === 'RSA') {
    return isMember(n) && isMember(e) && !weakModulus(n) && !weakExponent(e) ? { kty, n, e } : undefined
  }
  if (crv === undefined || !isCoordinate(x, crv)) return undefined
  if (kty === 'OKP') return isSmallOrder(decodeBase64url(x) ?? new Uint8Array()) ? undefined : { kty, crv, x }
  return isCoordinate(y, crv) ? { kty, crv, x, y } : undefined
}

/** RFC 7518 §6.2.1.2, RFC 8037 §2: leading zeros belong to it. Otherwise one key would have several thumbprints. */
const coordinateBytes: ReadonlyMap<string, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
  ['Ed25519', 32],
])

function isCoordinate(value: unknown, crv: string): value is string {
  return isMember(value) && decodeBase64url(value)?.length === coordinateBytes.get(crv)
}

function isMember(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxMemberLength && /^[A-Za-z0-9_-]+$/.test(value)
}

function weakModulus(n: string): boolean {
  const bytes = decodeBase64url(n)
  return bytes === undefined || isRoca(bytes)
}

/** The largest that is met in practice has three; long ones make a verification as dear as a signature. */
const maxExponentBytes = 8

/**
 * An exponent of 1 makes every message its own signature; an even one makes no RSA key. Adversary: who proves a key of
 * their own choice (DPoP), such that each of their requests costs us much.
 */
function weakExponent(e: string): boolean {
  const bytes = decodeBase64url(e)
  if (bytes === undefined || bytes.length > maxExponentBytes) return true
  const last = bytes.at(-1) ?? 0
  return (last & 1) === 0 || (last === 1 && bytes.slice(0, -1).every(isZero))
}

function isZero(byte: number): boolean {
  return byte === 0
}
