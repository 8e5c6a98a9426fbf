import type { ConditionValues } from '../document.ts'
import type { Facts } from '../match/facts.ts'
import { parseTemplate } from '../match/template.ts'
import { silentPlaces } from './judge.ts'
import type { PolicySet } from './policy-set.ts'
import { type CompiledStatement, listOf, testsOf } from './statement.ts'

/**
 * The context keys that policies ask for, on this action and resource and of this caller, and that the request does not
 * have: as the policies write them, each once, in their order.
 */
export function absentKeys(set: PolicySet, facts: Facts): readonly string[] {
  const asked = new Map<string, string>()
  const silent = silentPlaces(set, facts.caller)
  for (const statement of set.layers.flatMap(({ statements }, place) => (silent.includes(place) ? [] : statements))) {
    const { matchesAction, matchesResource, grade, conditions } = testsOf(statement)
    if (!matchesAction(facts.foldedAction) || grade(facts) === 0) continue
    const inResource = variablesIn(statement, listOf(statement.source.Resource ?? statement.source.NotResource))
    const isAbsent = inResource.some((key) => !facts.names.includes(key))
    const inConditions = conditions.flatMap(({ key, wanted }) => [key, ...variablesIn(statement, wanted)])
    // A resource that depends on an absent key may yet be meant, and then its conditions would be asked.
    const keys = isAbsent || matchesResource(facts) ? [...inResource, ...inConditions] : []
    for (const key of keys) if (!asked.has(key.toLowerCase())) asked.set(key.toLowerCase(), key)
  }
  return [...asked].filter(([name]) => !facts.names.includes(name)).map(([, key]) => key)
}

/** The keys of the variables that have no default. */
function variablesIn(statement: CompiledStatement, values: Extract<ConditionValues, readonly unknown[]>): string[] {
  if (!statement.takesVariables) return []
  return values.flatMap((value) => {
    const template = parseTemplate(String(value), { wildcards: true, variables: true })
    const pieces = 'problem' in template ? [] : template.pieces
    return pieces.flatMap((piece) => (piece.kind === 'variable' && piece.fallback === undefined ? [piece.key] : []))
  })
}
