import { createHmac, randomBytes } from 'node:crypto'

import { createDpopNonces, createProofVerifier, type ProofVerifier, type SeenOnce } from '@sallyport/core/identity'

import { nodePrimitives, nowSeconds } from './operation/index.ts'
import type { UsedProofs } from './stores/index.ts'

/** What judges the proofs of clients whose tokens are bound to a key. */
export interface Proofs {
  readonly verifier: ProofVerifier
  /** For those who administer: a proof was made for this run of this server, or it is none. */
  readonly strictVerifier: ProofVerifier
  /** What was used, over restarts. */
  readonly used: SeenOnce
  /** The nonce that clients are to use next. */
  readonly nextNonce: () => string
}

/** Nonces are made with a key of this run alone: none from before is good, whatever the clock says. */
export function openProofs(seen: UsedProofs): Proofs {
  const key = randomBytes(32)
  const mac = (bytes: Uint8Array): Uint8Array => createHmac('sha256', key).update(bytes).digest()
  const nonces = createDpopNonces({ mac, nowSeconds, windowSeconds: 60 })
  const options = { nowSeconds, seen, nonces, primitives: nodePrimitives }
  const strictVerifier = createProofVerifier({ ...options, requireNonce: true })
  return { verifier: createProofVerifier(options), strictVerifier, used: seen, nextNonce: nonces.current }
}
