import { compileLayer, narrows, type PolicyKind } from '@sallyport/core/policy'

import type { App, AttachedPolicy } from '../app.ts'
import { accessFacts } from './access-of.ts'
import { type AccessFact, guardrailKey, policyKey } from './facts.ts'

/** What changes between two manifests in who may do what. */
export interface AccessDiff {
  /** `- …` for what was lost and `+ …` for what was gained, in the order of the manifest. */
  readonly lines: readonly string[]
  /** True when anybody may do anything that nobody in that place could before, or when that cannot be ruled out. */
  readonly broadens: boolean
}

/**
 * What a new manifest changes in access. A change whose breadth cannot be ordered counts as broadening; of an attached
 * document it is proved where it can be.
 */
export function accessDiff(before: App, after: App): AccessDiff {
  return compareFacts(accessFacts(before), accessFacts(after), narrowerDocuments(before, after))
}

/**
 * The same for two lists of facts: one of them may have been kept from an earlier manifest. `narrower` are keys of
 * facts that have no order, and of which it is proved that they let nothing more happen.
 */
export function compareFacts(
  before: readonly AccessFact[],
  after: readonly AccessFact[],
  narrower: ReadonlySet<string> = new Set(),
): AccessDiff {
  const old = byKey(before)
  const now = byKey(after)
  const lines: string[] = []
  let broadens = false
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const was = old.get(key)
    const is = now.get(key)
    if (was?.line === is?.line && was?.rank === is?.rank) continue
    if (was !== undefined) lines.push(`- ${was.line.replace(' may ', is === undefined ? ' may no longer ' : ' may ')}`)
    if (is !== undefined) lines.push(`+ ${is.line.replace(' may ', ' may now ')}`)
    if (widens(was, is, old) && !narrower.has(key)) broadens = true
  }
  return { lines, broadens }
}

/** Attached documents that changed and, whatever stands beside them, allow no more and deny no less than before. */
function narrowerDocuments(before: App, after: App): ReadonlySet<string> {
  const documents = (app: App): readonly (readonly [string, PolicyKind, AttachedPolicy])[] => [
    ...(app.guardrailPolicies ?? []).map((policy) => [guardrailKey(policy.name), 'guardrail', policy] as const),
    ...app.functions.flatMap(({ name, identityPolicies = [] }) =>
      identityPolicies.map((policy) => [policyKey(name, policy.name), 'identity', policy] as const),
    ),
  ]
  const old = new Map(documents(before).map(([key, , policy]) => [key, policy]))
  const changed = documents(after).filter(([key, kind, policy]) => {
    const was = old.get(key)
    if (was === undefined || was.digest === policy.digest) return false
    return narrows(compileLayer(kind, [was]), compileLayer(kind, [policy])).holds === true
  })
  return new Set(changed.map(([key]) => key))
}

function widens(
  was: AccessFact | undefined,
  is: AccessFact | undefined,
  old: ReadonlyMap<string, AccessFact>,
): boolean {
  if (is?.coveredBy !== undefined && old.has(is.coveredBy)) return false
  const before = was?.rank ?? is?.absentRank ?? 0
  const after = is?.rank ?? was?.absentRank ?? 0
  if (after !== before) return after > before
  return was?.opaque === true || is?.opaque === true
}

function byKey(facts: readonly AccessFact[]): ReadonlyMap<string, AccessFact> {
  return new Map(facts.map((fact) => [fact.key, fact]))
}
