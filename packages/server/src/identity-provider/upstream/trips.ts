import { createHash } from 'node:crypto'

import type { SealedStore } from '../ports.ts'

/** One way to an upstream and back: what this browser's sign-in waits for. Sealed; the verifier is a secret. */
export interface Trip {
  /** The sign-in that it is part of. */
  readonly uid: string
  readonly upstream: string
  readonly issuer: string
  readonly client: string
  readonly nonce: string
  /** RFC 7636. */
  readonly verifier: string
}

const kind = 'upstream-trip'
/** As long as the sign-in itself lives. */
const tripSeconds = 600

/** Keeps a trip under its state. */
export function putTrip(store: SealedStore, state: string, trip: Trip, nowSeconds: number): void {
  store.put(kind, hashed(state), JSON.stringify(trip), nowSeconds + tripSeconds)
}

/** The trip that a state belongs to; undefined for one that was never given out, was used, or is too old. */
export function findTrip(store: SealedStore, state: string): Trip | undefined {
  const value = store.get(kind, hashed(state))
  return value === undefined ? undefined : JSON.parse(value)
}

/** A state works once, whatever comes of it. */
export function endTrip(store: SealedStore, state: string): void {
  store.delete(kind, hashed(state))
}

function hashed(state: string): string {
  return createHash('sha256').update(state).digest('base64url')
}
