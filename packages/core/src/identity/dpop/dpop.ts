import { isObject } from '@sallyport/core/json'

import type { DpopNonces } from './dpop-nonce.ts'
import { algorithms } from '../keys/algorithms.ts'
import { importKey, type KeyRecord, thumbprintInput, verifyJws } from '../keys/key-record.ts'
import { isNumericDate } from '../lifetime.ts'
import { type Primitives, webPrimitives } from '../primitives.ts'
import { type ParsedJwt, parseJwt } from '../token/parse-jwt.ts'
import { refuseToken, type TokenRefusal, type TokenRefusalCode } from '../refusal.ts'
import type { SeenOnce } from '../seen-once.ts'
import { normaliseTargetUri } from './target-uri.ts'

/** The request that a proof must have been made for. */
export interface ProofTarget {
  readonly method: string
  /** Scheme, authority and path of the request as they were understood; `normaliseTargetUri` is applied to it. */
  readonly url: string
}

/** What the verifier knows of the request by itself, and a proof must agree with. */
export interface ProofExpectations extends ProofTarget {
  /** SHA-256 of the access token, base64url: the proof's `ath`. */
  readonly tokenDigest: string
  /** The token's `cnf.jkt`. */
  readonly keyThumbprint: string
}

/** How proofs are judged. */
export interface ProofVerifierOptions {
  readonly nowSeconds: () => number
  /** Must outlive this process, or a restart opens the window for every proof of the last minute again. */
  readonly seen: SeenOnce
  /** When given, a nonce in a proof must be one of these. */
  readonly nonces?: DpopNonces
  /** Refuse proofs without a nonce too. */
  readonly requireNonce?: boolean
  readonly primitives?: Primitives
}

/** Verifies DPoP proofs (RFC 9449 §4.3). Undefined is a proof that held and is used up. Never rejects. */
export interface ProofVerifier {
  verify(proofs: readonly string[], expected: ProofExpectations): Promise<TokenRefusal | undefined>
  /** The same where a token is asked for (§5): there is none yet, and the proof says which key it shall be bound to. */
  prove(proofs: readonly string[], target: ProofTarget): Promise<ProvedKey | TokenRefusal>
}

/** The key that a proof proved. */
export interface ProvedKey {
  readonly kind: 'proved'
  /** RFC 7638, SHA-256, base64url: what `cnf.jkt` says. */
  readonly keyThumbprint: string
}

/** Asymmetric, and none that is deprecated (RFC 9449 §11.6). */
const proofAlgorithms: ReadonlySet<string> = new Set(['ES256', 'ES384', 'EdDSA', 'Ed25519', 'PS256', 'RS256'])
const maxProofLength = 8192
/** How old a proof may be. Clients make one for each request; this forgives the network and both clocks. */
const maxAgeSeconds = 60
const maxAheadSeconds = 15
const maxCachedKeys = 1000

interface ProofKey {
  readonly record: KeyRecord
  readonly thumbprint: string
}

/**
 * Prepares the judge of proofs. A key is imported once: it is remembered by every word of its JWK, and only after a
 * signature of it held for a token that is bound to it.
 */
export function createProofVerifier(options: ProofVerifierOptions): ProofVerifier {
  const { nowSeconds, seen, nonces, requireNonce = false, primitives = webPrimitives } = options
  const keys = new Map<string, ProofKey>()

  async function verify(proofs: readonly string[], expected: ProofExpectations): Promise<TokenRefusal | undefined> {
    const proved = await judge(proofs, expected)
    return proved.kind === 'refused' ? proved : undefined
  }

  async function judge(
    proofs: readonly string[],
    expected: ProofTarget & Partial<ProofExpectations>,
  ): Promise<ProvedKey | TokenRefusal> {
    const proof = parseProof(proofs)
    if (proof.kind === 'refused') return proof
    const spelling = JSON.stringify([proof.algorithm, proof.header['jwk']])
    const key = keys.get(spelling) ?? (await readKey(proof))
    if ('kind' in key) return key
    const { keyThumbprint = key.thumbprint, tokenDigest } = expected
    if (key.thumbprint !== keyThumbprint) return refuseToken('dpop.binding')
    if ((await verifyJws(proof, key.record)) !== undefined) return refuseToken('dpop.signature')
    keys.set(spelling, key)
    const [oldest] = keys.keys()
    if (keys.size > maxCachedKeys && oldest !== undefined) keys.delete(oldest)
    const unfit = claimsFault(proof, expected, tokenDigest)
    if (unfit !== undefined) return refuseToken(unfit)
    return (await useUp(proof, key.thumbprint)) ?? { kind: 'proved', keyThumbprint }
  }

  async function readKey({ header, algorithm }: ParsedJwt): Promise<ProofKey | TokenRefusal> {
    const jwk = isObject(header['jwk']) ? header['jwk'] : {}
    const input = thumbprintInput(jwk)
    const record = await importKey({ ...jwk, alg: jwk['alg'] ?? algorithm }, primitives)
    if (input === undefined || record === undefined) return refuseToken('dpop.jwk')
    if (algorithms.get(record.algorithm) !== algorithms.get(algorithm)) return refuseToken('dpop.algorithm')
    return { record, thumbprint: await primitives.digest(input) }
  }

  function claimsFault(
    { claims }: ParsedJwt,
    expected: ProofTarget,
    tokenDigest: string | undefined,
  ): TokenRefusalCode | undefined {
    const { htm, htu, ath, iat, jti, nonce } = claims
    if (!isText(jti) || !isText(htm) || !isText(htu)) return 'dpop.claims'
    if (tokenDigest !== undefined && !isText(ath)) return 'dpop.claims'
    if (!isNumericDate(iat) || !(nonce === undefined || isText(nonce))) return 'dpop.claims'
    if (htm !== expected.method) return 'dpop.method'
    if (!isTarget(htu, expected.url)) return 'dpop.url'
    if (tokenDigest !== undefined && ath !== tokenDigest) return 'dpop.access_token'
    const now = nowSeconds()
    if (now > iat + maxAgeSeconds) return 'dpop.expired'
    if (now < iat - maxAheadSeconds) return 'dpop.not_yet_valid'
    if (nonces === undefined) return undefined
    if (nonce === undefined) return requireNonce ? 'dpop.nonce_required' : undefined
    return nonces.accepts(nonce) ? undefined : 'dpop.nonce_stale'
  }

  /** By key and `jti`, until the proof is too old by itself. Last of all: only what is good otherwise takes a place. */
  async function useUp({ claims }: ParsedJwt, thumbprint: string): Promise<TokenRefusal | undefined> {
    const id = await primitives.digest(`${thumbprint}.${String(claims['jti'])}`)
    const until = Number(claims['iat']) + maxAgeSeconds + 1
    const use = seen.use(id, until, nowSeconds())
    if (use === 'full') return refuseToken('dpop.replay_memory_full')
    return use === 'first' ? undefined : refuseToken('dpop.replayed')
  }

  return { verify, prove: judge }
}

const codesOfParsing: ReadonlyMap<TokenRefusalCode, TokenRefusalCode> = new Map([
  ['token.too_large', 'dpop.too_large'],
  ['token.malformed', 'dpop.malformed'],
  ['token.header', 'dpop.header'],
])

/** Adversary: whoever holds a stolen token and makes proofs for it. Nothing of the proof is believed yet. */
function parseProof(proofs: readonly string[]): ParsedJwt | TokenRefusal {
  const [text, ...more] = proofs
  if (text === undefined) return refuseToken('dpop.missing')
  if (more.length > 0) return refuseToken('dpop.duplicated')
  if (text.length > maxProofLength) return refuseToken('dpop.too_large')
  const proof = parseJwt(text, true)
  if (proof.kind === 'refused') return refuseToken(codesOfParsing.get(proof.code) ?? 'dpop.malformed')
  if (proof.type !== 'dpop+jwt') return refuseToken('dpop.type')
  return proofAlgorithms.has(proof.algorithm) ? proof : refuseToken('dpop.algorithm')
}

/** Most clients spell the address as we do, so that one reading of it is enough. */
function isTarget(stated: string, asked: string): boolean {
  const target = normaliseTargetUri(asked)
  return target !== undefined && (stated === asked || normaliseTargetUri(stated) === target)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 4096
}
