import { randomFillSync, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { performance } from 'node:perf_hooks'

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

/**
 * The wall clock beside one that counts from the start of the machine, sleep included, and that nobody can set. Where
 * the machine does not say which start that was, each run counts for itself.
 */
export function openClock(): {
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly bootId: string
} {
  const beforeThisProcessMs = uptime() * 1000 - performance.now()
  return { nowMs, monotonicMs: () => beforeThisProcessMs + performance.now(), bootId: bootId() }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error) return randomUUID() // no Linux, or no /proc
    throw error
  }
}

/** Seconds since the epoch, whole. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
