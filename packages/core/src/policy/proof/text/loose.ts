import { representatives } from './representatives.ts'
import { matchesSteps } from './steps.ts'
import type { TextClasses, TextPattern } from './text-pattern.ts'
import type { TextRules } from './texts.ts'

/**
 * A pattern by which no classes were made, because with others it would make too many: of a class it matches all texts,
 * or none, or that is a choice of its own. Which can only add requests.
 */
export interface Loose {
  readonly pattern: TextPattern
  /** Classes of which it matches every text. */
  readonly always: readonly number[]
  /** Classes of which it may match some. */
  readonly sometimes: readonly number[]
  /** Names of the loose patterns that match whatever it does. */
  readonly within: readonly string[]
}

/** Compares patterns with the classes that others made, and with each other. */
export function loosely(
  loose: readonly TextPattern[],
  { patterns, texts, matched, literal }: TextClasses,
  rules: TextRules,
): ReadonlyMap<string, Loose> {
  const compared = (one: TextPattern, other: TextPattern): Comparison => compare(one, other, rules)
  return new Map(
    loose.map((pattern) => {
      const others = patterns.map((other) => ({
        ...compared(pattern, other),
        classes: new Set(matched.get(other.name) ?? []),
      }))
      const [always, sometimes]: [number[], number[]] = [[], []]
      for (const [index, text] of texts.entries()) {
        if (literal.has(text)) {
          if (pattern.matches(text)) always.push(index)
        } else if (others.some(({ holds, classes }) => holds && classes.has(index))) always.push(index)
        else if (others.every(({ meets, within, classes }) => (classes.has(index) ? meets : !within))) {
          sometimes.push(index)
        }
      }
      const wider = loose.filter((other) => other !== pattern && compared(pattern, other).within)
      return [pattern.name, { pattern, always, sometimes, within: wider.map(({ name }) => name) }]
    }),
  )
}

/** How the texts that a pattern matches lie to those of another. */
interface Comparison {
  /** Some text matches both. */
  readonly meets: boolean
  /** All that match the one match the other. */
  readonly within: boolean
  /** All that match the other match the one. */
  readonly holds: boolean
}

function compare(one: TextPattern, other: TextPattern, { fillers, maxLength }: TextRules): Comparison {
  const found = representatives([one.steps, other.steps], { fillers, maxLength })
  // What is not known may be: it then rules nothing out.
  if (!found.complete) return { meets: true, within: false, holds: false }
  const of = ({ steps }: TextPattern): readonly boolean[] => found.texts.map((text) => matchesSteps(steps, text))
  const [first, second] = [of(one), of(other)]
  return {
    meets: first.some((matches, index) => matches && second[index] === true),
    within: first.every((matches, index) => !matches || second[index] === true),
    holds: second.every((matches, index) => !matches || first[index] === true),
  }
}
