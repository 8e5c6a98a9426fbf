import { createHash } from 'node:crypto'

import type { Device } from '@sallyport/core/access'

import type { SealedStore, UpstreamAccount } from '../ports.ts'

/** How far a sign-in has come: the password was right or an upstream vouched, and perhaps a second factor. */
export interface Step {
  readonly user: string
  /** The account at an upstream that stands in place of the password. */
  readonly by?: VouchedBy
  readonly device?: Device
  /** RFC 8176; present once nothing more needs to be proved, and a passkey may be added. */
  readonly methods?: readonly string[]
}

/** Who vouched for somebody. */
export interface VouchedBy extends UpstreamAccount {
  readonly upstream: string
  /** When the person proved themselves there; absent where the upstream does not say. */
  readonly authenticatedAtSeconds?: number
}

/** What was proved first (RFC 8176, whose names hold none for an upstream's word). */
export function firstFactor({ by }: Step): 'pwd' | 'fed' {
  return by === undefined ? 'pwd' : 'fed'
}

const kind = 'sign-in-step'
const stepSeconds = 300

/** Keeps a step sealed under its interaction, for five minutes. */
export function putStep(store: SealedStore, uid: string, step: Step, nowSeconds: number): void {
  store.put(kind, hashed(uid), JSON.stringify(step), nowSeconds + stepSeconds)
}

/** The step that a sign-in is at; undefined before the first factor was proved. */
export function readStep(store: SealedStore, uid: string): Step | undefined {
  const value = store.get(kind, hashed(uid))
  return value === undefined ? undefined : JSON.parse(value)
}

/** The sign-in is done, or over. */
export function dropStep(store: SealedStore, uid: string): void {
  store.delete(kind, hashed(uid))
}

function hashed(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}
