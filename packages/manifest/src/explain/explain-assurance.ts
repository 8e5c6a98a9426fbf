import { contextKeys, type AccessRequest } from '@sallyport/core/access'

import type { Assurance } from '../people.ts'
import { showDuration } from '../source/units.ts'
import { flag, listOf, valueOf } from './read-context.ts'

/** What a sign-in lacks for what was asked, in the order in which one sign-in mends it. */
export type Lack =
  | { readonly kind: 'mfa_required' }
  /** `detail` completes "a sign-in of the last …", or "the scope …". */
  | { readonly kind: 'authentication_too_old' | 'insufficient_scope'; readonly detail: string }

/** The first demand that this sign-in does not meet; undefined when it meets them all. */
export function lackOf(assurance: Assurance | undefined, request: AccessRequest): Lack | undefined {
  if (assurance === undefined) return undefined
  const { maxAgeSeconds, mfa, scopes } = assurance
  if (mfa && !flag(request, contextKeys.mfa)) return { kind: 'mfa_required' }
  const age = valueOf(request, contextKeys.authenticationAge)
  if (maxAgeSeconds !== undefined && !(age !== undefined && Number(age) <= maxAgeSeconds)) {
    return { kind: 'authentication_too_old', detail: showDuration(maxAgeSeconds * 1_000) }
  }
  const held = listOf(request, contextKeys.scopes)
  const missing = scopes.filter((scope) => !held.includes(scope))
  return missing.length === 0 ? undefined : { kind: 'insufficient_scope', detail: missing.join(' ') }
}
