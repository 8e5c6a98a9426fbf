import { limits } from '../../limits.ts'
import { representatives } from './representatives.ts'
import { star, type Step } from './steps.ts'

/** Texts that together show everything that a set of patterns can tell apart. */
export interface Texts {
  readonly texts: readonly string[]
  /** Those that are alone in their class: patterns name them literally. */
  readonly literal: ReadonlySet<string>
  readonly complete: boolean
}

/** The characters that texts may hold, most readable first, and how long they may be in UTF-16 units. */
export interface TextRules {
  readonly fillers: readonly number[]
  readonly maxLength: number
  /** A text that no pattern means, made of a character that none holds; by default, that character. */
  readonly strange?: (filler: string) => string
}

const codes = (text: string): readonly number[] => Array.from(text, (char) => char.codePointAt(0) ?? 0)

/** For values of conditions and for resources: no policy can name all of these at one place. */
export const anyText: readonly number[] = [
  ...codes('xaeio1bcdfghjklmnpqrstuvwyz023456789XYZ_-'),
  ...Array.from({ length: 2000 }, (_, index) => 0x4e00 + index),
]

/** For actions in lower case: every character that one may hold (`readFacts`). */
export const actionText: readonly number[] = [
  ...codes('xaeiobcdfghjklmnpqrstuvwyz0123456789'),
  ...codes('-_.~!"#$%&\'()*+,/:;<=>?@[\\]^`{|}'),
]

/** Whether a pattern is a literal, or one with a star at its end. */
export function isPrefix(steps: readonly Step[]): boolean {
  return steps.every(
    (step, index) => typeof step === 'number' && (step >= 0 || (step === star && index === steps.length - 1)),
  )
}

/**
 * A text for every class that these patterns make. Where all are literals or prefixes the classes are known at once;
 * otherwise the patterns are walked together.
 */
export function textsFor(patterns: readonly (readonly Step[])[], rules: TextRules): Texts {
  const literals = new Set<string>()
  const prefixes = new Set<string>()
  const others: (readonly Step[])[] = []
  for (const steps of patterns) {
    const body = steps.at(-1) === star ? steps.slice(0, -1) : steps
    if (!isPrefix(steps)) others.push(steps)
    else (body.length < steps.length ? prefixes : literals).add(textOf(body))
  }
  const filler = unusedFiller(patterns, rules.fillers)
  if (others.length === 0 && filler !== undefined) {
    // A text matches the prefixes of the longest prefix that it has; a strange character after that begins no other.
    const texts = [...literals, ...[...prefixes].map((prefix) => prefix + filler), rules.strange?.(filler) ?? filler]
    return { texts: texts.filter(({ length }) => length <= rules.maxLength), literal: literals, complete: true }
  }
  return walk(literals, [...[...prefixes].map((prefix) => [...codes(prefix), star]), ...others], rules)
}

/**
 * A literal is alone in its class and needs no walk, unless the walk gives just this text for a class that has others:
 * then it takes part, and the class shows another.
 */
function walk(literals: ReadonlySet<string>, patterns: readonly (readonly Step[])[], rules: TextRules): Texts {
  const walked = new Set<string>()
  for (;;) {
    const found = representatives([...patterns, ...[...walked].map(codes)], rules)
    const met = found.texts.filter((text) => literals.has(text) && !walked.has(text))
    if (met.length === 0 || !found.complete) {
      return { texts: [...new Set([...literals, ...found.texts])], literal: literals, complete: found.complete }
    }
    for (const text of met) walked.add(text)
  }
}

/** A character that no pattern holds. */
function unusedFiller(patterns: readonly (readonly Step[])[], fillers: readonly number[]): string | undefined {
  const used = new Set(patterns.flat(2))
  const code = fillers.find((filler) => !used.has(filler))
  return code === undefined ? undefined : String.fromCodePoint(code)
}

/** The text that steps without wildcards spell. */
export function textOf(steps: readonly Step[]): string {
  return String.fromCodePoint(...steps.filter((step) => typeof step === 'number'))
}

/** A text that a pattern matches and that one can read: stars become a word where a word may stand. */
export function readable(steps: readonly Step[]): string {
  let text = ''
  for (const step of steps) {
    if (typeof step === 'object') text += String.fromCodePoint(step[0] ?? 0x78)
    else if (step >= 0) text += String.fromCodePoint(step)
    else if (step <= star) text += /[:/-]$|^$/.test(text) ? 'example' : ''
    else text += 'x'
  }
  return text
}

/** Whether a text is longer than patterns are asked of, but for those that `isBoundedIn` says nothing of. */
export function isLong(text: string): boolean {
  return text.length > limits.matchedLength
}
