import { createPrivateKey } from 'node:crypto'

import { type HttpRequest, type SignatureKey, signHttpMessage } from '@sallyport/core/identity'

import { openJwkRotation, type PublicJwk, publicJwks } from './jwk-rotation.ts'
import type { KeyStore, RotationPlan } from './rotation.ts'

/** Signatures of requests that leave the node (RFC 9421), by Ed25519. */
export interface HttpSignatures {
  /** The two fields to add; every component named must be in the message. */
  readonly sign: (message: HttpRequest, stated: SignatureStatement) => Promise<readonly (readonly [string, string])[]>
  /** The keys that verify them (a JWK set). */
  readonly keys: () => readonly PublicJwk[]
  readonly advance: () => Promise<void>
}

/** What a signature says. */
export interface SignatureStatement {
  /** Names of what is covered: `@method`, `content-digest`. */
  readonly covered: readonly string[]
  /** For whom it was made: the SPIFFE id of the function. */
  readonly tag: string
  readonly nonce: string
}

const hour = 3_600_000
/** A signature is good for a minute; an hour forgives any clock that could be met. */
const plan: RotationPlan = { signsForMs: 30 * 24 * hour, leadMs: 24 * hour, lingersMs: hour }
const lifetimeSeconds = 60

/** Opens the node's keys for signatures. */
export async function openHttpSignatures(options: {
  readonly store: KeyStore
  readonly nowMs: () => number
}): Promise<HttpSignatures> {
  const { store, nowMs } = options
  const rotation = await openJwkRotation({ name: 'http-signature', algorithm: 'EdDSA', store, plan, nowMs })
  let present: SignatureKey | undefined

  function keyNow(): SignatureKey {
    const { keyId, privatePem } = rotation.signing()
    if (present?.id === keyId) return present
    const key = createPrivateKey(privatePem).toCryptoKey('Ed25519', false, ['sign'])
    return (present = { id: keyId, algorithm: 'ed25519', key })
  }

  return {
    sign: async (message, { covered, tag, nonce }) => {
      const createdSeconds = Math.floor(nowMs() / 1_000)
      const expiresSeconds = createdSeconds + lifetimeSeconds
      const components = covered.map((name) => `"${name}"`)
      const what = { label: 'sallyport', covered: components, createdSeconds, expiresSeconds, nonce, tag }
      const { signatureInput, signature } = await signHttpMessage(message, what, keyNow())
      return [
        ['signature-input', signatureInput],
        ['signature', signature],
      ]
    },
    keys: () => publicJwks(rotation, 'sig'),
    advance: rotation.advance,
  }
}
