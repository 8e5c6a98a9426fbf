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
  /** Checked again just before the last upstream byte: any counter that moved ends the grant. */
  readonly epochs: Epochs
}

/** As with a receipt: known by a mark that no other code can make, whatever it copies. */
class SealedGrant {
  readonly #sealed = true
  declare readonly [grantMark]: true
  readonly decision: Allow
  readonly receipt: Receipt
  readonly expiresAt: number
  readonly epochs: Epochs

  constructor({ decision, receipt, expiresAt, epochs }: Pick<Grant, 'decision' | 'receipt' | 'expiresAt' | 'epochs'>) {
    this.decision = decision
    this.receipt = receipt
    this.expiresAt = expiresAt
    this.epochs = epochs
    Object.freeze(this)
  }

  static made(value: object): boolean {
    return #sealed in value
  }
}

/** Makes a grant. For the administration room alone: a house rule refuses the import anywhere else. */
export function sealGrant(fields: Pick<Grant, 'decision' | 'receipt' | 'expiresAt' | 'epochs'>): Grant {
  return new SealedGrant(fields)
}

/** True only for an object that `sealGrant` returned in this process. */
export function isGrant(value: Grant): boolean {
  return SealedGrant.made(value)
}
