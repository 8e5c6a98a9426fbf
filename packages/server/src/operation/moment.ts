import { randomBytes } from 'node:crypto'

/** 128 random bits in lower-case hex: of a decision, a transaction, an invocation. */
export function newId(): string {
  return randomBytes(16).toString('hex')
}

/** Milliseconds since the epoch. */
export function nowMs(): number {
  return Date.now()
}

/** Seconds since the epoch, whole. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
