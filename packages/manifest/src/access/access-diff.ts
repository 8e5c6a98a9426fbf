import type { App } from '../app.ts'
import { accessFacts } from './access-of.ts'
import type { AccessFact } from './facts.ts'

/** What changes between two manifests in who may do what. */
export interface AccessDiff {
  /** `- …` for what was lost and `+ …` for what was gained, in the order of the manifest. */
  readonly lines: readonly string[]
  /** True when anybody may do anything that nobody in that place could before, or when that cannot be ruled out. */
  readonly broadens: boolean
}

/** What a new manifest changes in access. A change whose breadth cannot be ordered counts as broadening. */
export function accessDiff(before: App, after: App): AccessDiff {
  return compareFacts(accessFacts(before), accessFacts(after))
}

/** The same for two lists of facts: one of them may have been kept from an earlier manifest. */
export function compareFacts(before: readonly AccessFact[], after: readonly AccessFact[]): AccessDiff {
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
    if (widens(was, is, old)) broadens = true
  }
  return { lines, broadens }
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
