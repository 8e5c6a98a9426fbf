import { textsFor, type TextRules } from './texts.ts'
import type { Step } from './steps.ts'

/** A pattern of actions or resources. */
export interface TextPattern {
  /** By which it is asked for again. */
  readonly name: string
  readonly steps: readonly Step[]
  readonly matches: (text: string) => boolean
}

/** All that patterns can tell apart in one text of a request. */
export interface TextDimension {
  /** One text of each class. */
  readonly texts: readonly string[]
  /** Pattern name → the classes that it matches. */
  readonly matched: ReadonlyMap<string, readonly number[]>
  readonly literal: ReadonlySet<string>
  readonly complete: boolean
}

/** Makes the classes; `seeds` are texts to be preferred, `accepts` what a request may have there. */
export function textDimension(
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
  const matched = new Map<string, number[]>(patterns.map(({ name }) => [name, []]))
  const signatures = new Set<string>()
  for (const text of new Set([...seeds, ...found.texts])) {
    if (text.length > rules.maxLength || !accepts(text)) continue
    const names = patterns.filter(({ matches }) => matches(text)).map(({ name }) => name)
    const signature = names.join('\n')
    if (signatures.has(signature)) continue
    signatures.add(signature)
    for (const name of names) matched.get(name)?.push(texts.length)
    texts.push(text)
  }
  return { texts, matched, literal: found.literal, complete: found.complete }
}

/** The only class of a text that is given. */
export function givenText(patterns: readonly TextPattern[], text: string): TextDimension {
  const matched = patterns.map(({ name, matches }) => [name, matches(text) ? [0] : []] as const)
  return { texts: [text], matched: new Map(matched), literal: new Set([text]), complete: true }
}
