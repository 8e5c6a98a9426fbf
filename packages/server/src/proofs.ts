import { createHmac, randomBytes } from 'node:crypto'

import {
  createDpopNonces,
  createProofVerifier,
  createSeenOnce,
  type ProofVerifier,
  type SeenOnce,
} from '@sallyport/core/identity'

import { nodePrimitives, nowSeconds } from './operation/index.ts'

/** What judges the proofs of clients whose tokens are bound to a key. */
export interface Proofs {
  readonly verifier: ProofVerifier
  /** For whoever exchanges what they have for a token, and is nobody yet. */
  readonly exchangeVerifier: ProofVerifier
  /** For those who administer: a proof was made for this run of this server, or it is none. */
  readonly strictVerifier: ProofVerifier
  /** What was used at routes, over restarts. */
  readonly used: SeenOnce
  /** The nonce that clients are to use next. */
  readonly nextNonce: () => string
}

const maxOfAdministration = 10_000

/**
 * Nonces are made with a key of this run alone: none from before is good, whatever the clock says. Each kind of proof
 * has a memory of its own. Adversary: who fills one with proofs of any key, so that those of others find no room.
 */
export function openProofs(used: { readonly atRoutes: SeenOnce; readonly atExchange: SeenOnce }): Proofs {
  const key = randomBytes(32)
  const mac = (bytes: Uint8Array): Uint8Array => createHmac('sha256', key).update(bytes).digest()
  const nonces = createDpopNonces({ mac, nowSeconds, windowSeconds: 60 })
  const options = { nowSeconds, nonces, primitives: nodePrimitives }
  // A proof for administration holds a nonce of this run: what was used before it needs no memory.
  const strict = { ...options, seen: createSeenOnce(maxOfAdministration), requireNonce: true }
  return {
    verifier: createProofVerifier({ ...options, seen: used.atRoutes }),
    exchangeVerifier: createProofVerifier({ ...options, seen: used.atExchange }),
    strictVerifier: createProofVerifier(strict),
    used: used.atRoutes,
    nextNonce: nonces.current,
  }
}
