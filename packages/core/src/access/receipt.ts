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

// Type stripping checks nothing at run time, so a receipt is also known by being in here.
const receipts = new WeakSet<Receipt>()

/** Makes a receipt. For the ledger room alone: a house rule refuses the import anywhere else. */
export function sealReceipt(fields: Pick<Receipt, 'decision' | 'leafIndex' | 'durability'>): Receipt {
  const receipt = Object.freeze({ ...fields }) as Receipt
  receipts.add(receipt)
  return receipt
}

/** True only for an object that `sealReceipt` returned in this process. */
export function isReceipt(value: Receipt): boolean {
  return receipts.has(value)
}
