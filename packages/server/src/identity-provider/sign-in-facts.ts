import type { Device } from '@sallyport/core/access'

import type { SealedStore } from './ports.ts'
import type { VouchedBy } from './sign-in/steps.ts'

/** What one sign-in proved; the tokens made under its grant say so. */
export interface SignInFacts {
  /** 128 random bits in hex: the same in every token and record of one sitting. */
  readonly sessionId: string
  /** RFC 8176. */
  readonly methods: readonly string[]
  readonly authenticatedAtSeconds: number
  readonly device?: Device
  /** The account at an upstream on which it rests. */
  readonly by?: VouchedBy
}

/** The values of `acr` that this issuer states. */
export const contexts = { single: 'urn:sallyport:acr:single-factor', multiple: 'urn:sallyport:acr:mfa' } as const

/** `mfa` is claimed only here, and only when a second factor was proved. */
export function contextOf(methods: readonly string[]): string {
  return methods.includes('mfa') ? contexts.multiple : contexts.single
}

/** True when the `acr_values` of an authorization request name two factors and nothing less. */
export function demandsTwoFactors({ acr_values: wanted }: { readonly [name: string]: unknown }): boolean {
  const values = typeof wanted === 'string' ? wanted.split(' ') : []
  return values.includes(contexts.multiple) && !values.includes(contexts.single)
}

/** How old a sign-in an authorization request takes, in seconds, 0 for `prompt=login`; undefined without. */
export function maxAgeOf({ max_age: asked, prompt }: { readonly [name: string]: unknown }): number | undefined {
  if (typeof prompt === 'string' && prompt.split(' ').includes('login')) return 0
  const seconds = typeof asked === 'string' || typeof asked === 'number' ? Number(asked) : Number.NaN
  return Number.isSafeInteger(seconds) ? seconds : undefined
}

const kind = 'sign-in'

/** Keeps the facts under the grant for as long as a code of it can be exchanged. */
export function rememberFacts(store: SealedStore, grantId: string, facts: SignInFacts, untilSeconds: number): void {
  store.put(kind, grantId, JSON.stringify(facts), untilSeconds)
}

/** The facts of a grant; undefined when it has expired or was never made by our pages. */
export function recallFacts(store: SealedStore, grantId: string): SignInFacts | undefined {
  const value = store.get(kind, grantId)
  return value === undefined ? undefined : JSON.parse(value)
}
