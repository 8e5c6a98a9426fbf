import { randomFillSync } from 'node:crypto'

// One call of the generator costs more than all the rest of making an id, so bytes are drawn for many at once.
const pool = Buffer.alloc(4096)
let used = pool.length
const idBytes = 16

/** 128 random bits in lower-case hex: of a decision, a transaction, an invocation. No bytes are used twice. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const id = pool.toString('hex', used, used + idBytes)
  pool.fill(0, used, used + idBytes)
  used += idBytes
  return id
}

/** Milliseconds since the epoch. */
export function nowMs(): number {
  return Date.now()
}

/** Seconds since the epoch, whole. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
