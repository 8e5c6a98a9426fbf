import { createHash } from 'node:crypto'

import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify } from 'jose'

import type { SealedStore } from '../ports.ts'

const maxAgeSeconds = 60
const maxAheadSeconds = 15

/** Where the proof was sent, and what remembers it. */
export interface ProofPlace {
  readonly method: string
  readonly url: string
  readonly store: SealedStore
  readonly nowSeconds: () => number
}

/**
 * The thumbprint of the key that one proof (RFC 9449 §4.3) proves at the token endpoint; undefined when it fails.
 * Adversary: who replays a proof, also after a restart, or brings one that was made for another address.
 */
export async function proofKeyOf(proofs: readonly string[], place: ProofPlace): Promise<string | undefined> {
  const [text, ...more] = proofs
  if (text === undefined || more.length > 0) return undefined
  const proof = await verified(text)
  const { jwk } = proof?.protectedHeader ?? {}
  if (proof === undefined || jwk === undefined) return undefined
  const { htm, htu, iat, jti } = proof.payload
  const now = place.nowSeconds()
  if (htm !== place.method || htu !== place.url) return undefined
  if (typeof iat !== 'number' || iat < now - maxAgeSeconds || iat > now + maxAheadSeconds) return undefined
  if (typeof jti !== 'string' || jti === '') return undefined
  const thumbprint = await calculateJwkThumbprint(jwk)
  // Looked up and put in one turn: the store is synchronous, so of two at the same moment one is the second.
  const id = createHash('sha256').update(`${thumbprint}.${jti}`).digest('base64url')
  if (place.store.get('dpop-proof', id) !== undefined) return undefined
  place.store.put('dpop-proof', id, '', iat + maxAgeSeconds + 1)
  return thumbprint
}

async function verified(text: string): Promise<Awaited<ReturnType<typeof jwtVerify>> | undefined> {
  try {
    return await jwtVerify(text, EmbeddedJWK, { typ: 'dpop+jwt', algorithms: ['ES256', 'Ed25519', 'EdDSA'] })
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
    throw error
  }
}
