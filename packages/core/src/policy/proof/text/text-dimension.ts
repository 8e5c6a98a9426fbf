import { type Loose, loosely } from './loose.ts'
import { stepsKey } from '../template.ts'
import { star } from './steps.ts'
import type { TextClasses, TextPattern } from './text-pattern.ts'
import { isPrefix, textOf, textsFor, type TextRules } from './texts.ts'

/** All that patterns can tell apart in one text of a request. */
export interface TextDimension extends TextClasses {
  /** Patterns by which no classes were made; none of them stands in `matched`. */
  readonly loose: ReadonlyMap<string, Loose>
  readonly complete: boolean
}

/**
 * Makes the classes; `seeds` are texts to be preferred, `accepts` what a request may have there. Where patterns overlap
 * in too many ways, those that `mayBeLoose` names are left out of the classes.
 */
export function textDimension(
  patterns: readonly TextPattern[],
  seeds: readonly string[],
  rules: TextRules,
  accepts: (text: string) => boolean,
  mayBeLoose: (name: string) => boolean,
): TextDimension {
  const candidates = patterns.filter(({ name, steps }) => !isPrefix(steps) && mayBeLoose(name))
  const without = (loose: ReadonlySet<TextPattern>): TextDimension => {
    const tight = patterns.filter((pattern) => !loose.has(pattern))
    const found = { ...classesOf(tight, seeds, rules, accepts), patterns }
    if (loose.size * patterns.length > mostPairs) return { ...found, complete: false }
    return found.complete ? { ...found, loose: loosely([...loose], { ...found, patterns: tight }, rules) } : found
  }
  const first = without(overlapping(candidates))
  if (first.complete || candidates.length === 0) return first
  const second = without(new Set(candidates))
  return second.complete ? second : first
}

/** Patterns with a star at both ends after the same beginning: each doubles the classes. */
function overlapping(patterns: readonly TextPattern[]): ReadonlySet<TextPattern> {
  const ending = patterns.filter(({ steps }) => steps.at(-1) === star)
  const byHead = Map.groupBy(ending, ({ steps }) =>
    stepsKey(
      steps.slice(
        0,
        steps.findIndex((step) => typeof step === 'number' && step < 0),
      ),
    ),
  )
  return new Set([...byHead.values()].filter(({ length }) => length > mostOverlapping).flat())
}

/** More with the same beginning are left out of the classes at once. */
const mostOverlapping = 8
/** More pairs of patterns are not compared with each other. */
const mostPairs = 20_000

function classesOf(
  patterns: readonly TextPattern[],
  seeds: readonly string[],
  rules: TextRules,
  accepts: (text: string) => boolean,
): TextDimension {
  const found = textsFor(
    patterns.map(({ steps }) => steps),
    rules,
  )
  const texts: string[] = []
  const classes = patterns.map((): number[] => [])
  const signatures = new Set<string>()
  const matching = finder(patterns)
  for (const text of new Set([...seeds, ...found.texts])) {
    if (text.length > rules.maxLength || !accepts(text)) continue
    const those = matching(text)
    const signature = those.join(' ')
    if (signatures.has(signature)) continue
    signatures.add(signature)
    for (const one of those) classes[one]?.push(texts.length)
    texts.push(text)
  }
  const matched = new Map(patterns.map(({ name }, index) => [name, classes[index] ?? []]))
  return { patterns, texts, matched, literal: found.literal, loose: new Map(), complete: found.complete }
}

/** Which of the patterns match a text, in order: literals and prefixes are looked up, and only the others are asked. */
function finder(patterns: readonly TextPattern[]): (text: string) => readonly number[] {
  const [literals, prefixes] = [new Map<string, number[]>(), new Map<string, number[]>()]
  const lengths = new Set<number>()
  const others: number[] = []
  for (const [index, { steps }] of patterns.entries()) {
    if (!isPrefix(steps)) {
      others.push(index)
      continue
    }
    const isLiteral = steps.at(-1) !== star
    const body = textOf(isLiteral ? steps : steps.slice(0, -1))
    if (!isLiteral) lengths.add(body.length)
    const known = (isLiteral ? literals : prefixes).get(body)
    if (known === undefined) (isLiteral ? literals : prefixes).set(body, [index])
    else known.push(index)
  }
  return (text) => {
    const found = others.filter((index) => patterns[index]?.matches(text) === true)
    found.push(...(literals.get(text) ?? []))
    for (const length of lengths) {
      if (length <= text.length) found.push(...(prefixes.get(text.slice(0, length)) ?? []))
    }
    return found.toSorted((left, right) => left - right)
  }
}

/** The only class of a text that is given. */
export function givenText(patterns: readonly TextPattern[], text: string): TextDimension {
  const matched = patterns.map(({ name, matches }) => [name, matches(text) ? [0] : []] as const)
  return {
    patterns,
    texts: [text],
    matched: new Map(matched),
    literal: new Set([text]),
    loose: new Map(),
    complete: true,
  }
}
