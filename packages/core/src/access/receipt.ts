declare const receiptMark: unique symbol

/** `written` survives the end of the process; `synced` survives loss of power. */
export type Durability = 'written' | 'synced'

/** Proof that a decision is in the ledger. Only the ledger room makes one. */
export interface Receipt {
  readonly [receiptMark]: true
  readonly decision: string
  readonly leafIndex: bigint
  readonly durability: Durability
}

/** Type stripping checks nothing at run time, so a receipt is also known by a mark that no other code can make. */
class SealedReceipt {
  readonly #sealed = true
  declare readonly [receiptMark]: true
  readonly decision: string
  readonly leafIndex: bigint
  readonly durability: Durability

  constructor({ decision, leafIndex, durability }: Pick<Receipt, 'decision' | 'leafIndex' | 'durability'>) {
    this.decision = decision
    this.leafIndex = leafIndex
    this.durability = durability
    Object.freeze(this)
  }

  static made(value: object): boolean {
    return #sealed in value && value.#sealed
  }
}

/** Makes a receipt. For the ledger room alone: a house rule refuses the import anywhere else. */
export function sealReceipt(fields: Pick<Receipt, 'decision' | 'leafIndex' | 'durability'>): Receipt {
  return new SealedReceipt(fields)
}

/** True only for an object that `sealReceipt` returned in this process. */
export function isReceipt(value: Receipt): boolean {
  return SealedReceipt.made(value)
}
