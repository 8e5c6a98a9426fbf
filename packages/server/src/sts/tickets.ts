import { createPrivateKey } from 'node:crypto'

import { signTicket, type TicketClaims, type TicketSigner } from '@sallyport/core/identity'

import { openJwkRotation, type PublicJwk, publicJwks } from './jwk-rotation.ts'
import type { KeyStore, RotationPlan } from './rotation.ts'

/** Tickets for calls that leave the node (Ed25519); inside a box it is a MAC under the box's own key. */
export interface Tickets {
  /**
   * Signs one ticket for one attempt. Rejects with `identity.ticket` for a life beyond 60 seconds. Far sides know it by
   * `iss`, `spiffe://APP`, and by the keys at `/.well-known/sallyport/tickets`.
   */
  readonly sign: (claims: TicketClaims) => Promise<string>
  /** The keys that verify tickets (a JWK set). */
  readonly keys: () => readonly PublicJwk[]
  readonly advance: () => Promise<void>
}

const hour = 3_600_000
/** Tickets live for a minute; an hour forgives any clock that could be met. */
const plan: RotationPlan = { signsForMs: 30 * 24 * hour, leadMs: 24 * hour, lingersMs: hour }

/** Opens the node's ticket keys. */
export async function openTickets(options: {
  readonly app: string
  readonly store: KeyStore
  readonly nowMs: () => number
}): Promise<Tickets> {
  const { app, store, nowMs } = options
  const rotation = await openJwkRotation({ name: 'ticket', algorithm: 'EdDSA', store, plan, nowMs })
  const issuer = `spiffe://${app}`
  let signer: TicketSigner | undefined

  function signerNow(): TicketSigner {
    const { keyId, privatePem } = rotation.signing()
    if (signer?.keyId === keyId) return signer
    const privateKey = createPrivateKey(privatePem).toCryptoKey('Ed25519', false, ['sign'])
    return (signer = { issuer, keyId, privateKey })
  }

  return {
    sign: (claims) => signTicket(signerNow(), claims),
    keys: () => publicJwks(rotation, 'sig'),
    advance: rotation.advance,
  }
}
