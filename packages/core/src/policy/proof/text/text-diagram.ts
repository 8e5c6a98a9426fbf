import type { Diagram, Diagrams } from '../diagram.ts'
import type { TextDimension } from './text-dimension.ts'
import type { TextPattern } from './text-pattern.ts'

/** A loose pattern with the levels on which it depends: it matches where all of them are chosen. */
export interface LooseChoice {
  readonly on: 'action' | 'resource'
  readonly pattern: TextPattern
  readonly level: number
  readonly within: readonly number[]
}

/** Gives every loose pattern a level. */
export function looseChoices(
  on: LooseChoice['on'],
  { loose }: TextDimension,
  levelOf: () => number,
): ReadonlyMap<string, LooseChoice> {
  const leveled = new Map([...loose.keys()].map((name) => [name, levelOf()]))
  return new Map(
    [...loose].map(([name, { pattern, within }]) => [
      name,
      { on, pattern, level: leveled.get(name) ?? 0, within: within.flatMap((wider) => leveled.get(wider) ?? []) },
    ]),
  )
}

/** When the text at a level matches one of these patterns. */
export function textDiagram(
  names: readonly string[],
  at: number,
  { matched, loose }: TextDimension,
  choices: ReadonlyMap<string, LooseChoice>,
  { oneOf, or, and }: Diagrams,
): Diagram {
  const [only] = names
  if (only !== undefined && names.length === 1 && loose.size === 0) return oneOf(at, matched.get(only) ?? [])
  const classes = new Set(names.flatMap((name) => matched.get(name) ?? loose.get(name)?.always ?? []))
  return or([
    oneOf(
      at,
      [...classes].toSorted((left, right) => left - right),
    ),
    ...names.flatMap((name): readonly Diagram[] => {
      const [one, choice] = [loose.get(name), choices.get(name)]
      if (one === undefined || choice === undefined) return []
      return [and([oneOf(at, one.sometimes), ...[choice.level, ...choice.within].map((level) => oneOf(level, [1]))])]
    }),
  ])
}
