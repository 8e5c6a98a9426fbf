import type { Allow } from './decision.ts'
import type { Receipt } from './receipt.ts'

declare const grantMark: unique symbol

/** A revocation counter and the value it had when the decision was made: `session/s1` → 3. */
export type Epochs = ReadonlyMap<string, number>

/** The right to let one decided request pass, once, until it expires. Only the administration room makes one. */
export interface Grant {
  readonly [grantMark]: true
  readonly decision: Allow
  readonly receipt: Receipt
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** The same by the clock that only goes forward, in milliseconds: turning back the other one prolongs no grant. */
  readonly expiresAtMonotonic: number
  /** Checked again just before the last upstream byte: any counter that moved ends the grant. */
  readonly epochs: Epochs
}

type GrantFields = Pick<Grant, 'decision' | 'receipt' | 'expiresAt' | 'epochs'> &
  Partial<Pick<Grant, 'expiresAtMonotonic'>>

/** As with a receipt: known by a mark that no other code can make, whatever it copies. */
class SealedGrant {
  readonly #sealed = true
  declare readonly [grantMark]: true
  readonly decision: Allow
  readonly receipt: Receipt
  readonly expiresAt: number
  readonly expiresAtMonotonic: number
  readonly epochs: Epochs

  constructor({ decision, receipt, expiresAt, expiresAtMonotonic = 0, epochs }: GrantFields) {
    this.decision = decision
    this.receipt = receipt
    this.expiresAt = expiresAt
    this.expiresAtMonotonic = expiresAtMonotonic
    this.epochs = epochs
    Object.freeze(this)
  }

  static made(value: object): boolean {
    return #sealed in value && value.#sealed
  }
}

/** Makes a grant. For the administration room alone: a house rule refuses the import anywhere else. */
export function sealGrant(fields: GrantFields): Grant {
  return new SealedGrant(fields)
}

/** True only for an object that `sealGrant` returned in this process. */
export function isGrant(value: Grant): boolean {
  return SealedGrant.made(value)
}
