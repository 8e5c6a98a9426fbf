import type { Layer } from '@sallyport/core/access'

import type { Facts } from '../match/facts.ts'
import type { PolicySet } from './layers.ts'
import type { CompiledStatement } from './statement.ts'

/**
 * What decided: an Allow statement (allowed), a Deny statement (denied explicitly), a set that had to allow and did
 * not, or the name of a layer that had to allow and is not there (both denied implicitly).
 */
export type Verdict = CompiledStatement | PolicySet | Layer

/**
 * The whole of IAM's evaluation in two steps: a Deny anywhere wins; then every set of every layer that must allow,
 * allows. `sets` come outermost first and may hold several of one layer (levels of guardrails). Allocates nothing.
 */
export function judge(sets: readonly PolicySet[], allowing: readonly Layer[], facts: Facts): Verdict {
  for (const set of sets) {
    const denied = set.denies.find(facts)
    if (denied !== undefined) return denied
  }
  let granted: CompiledStatement | undefined
  for (const layer of allowing) {
    let asked = false
    for (const set of sets) {
      if (set.layer !== layer) continue
      asked = true
      granted = set.allows.find(facts)
      if (granted === undefined) return set
    }
    if (!asked) return layer
  }
  return granted ?? 'guardrail'
}
