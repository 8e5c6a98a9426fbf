/** What a pattern is made of. A `one` of nothing never matches; an `all` of nothing is the empty text. */
export type PatternNode =
  /** One character: of itself where it is a number, else what that source of a regular expression takes. */
  | { readonly kind: 'character'; readonly is: number | string }
  | { readonly kind: 'at'; readonly where: 'start' | 'end' | 'border' | 'no-border' }
  | { readonly kind: 'all'; readonly of: readonly PatternNode[] }
  | { readonly kind: 'one'; readonly of: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly of: PatternNode; readonly min: number; readonly max: number }

/** A pattern, or why it is none here. */
export type ParsedPattern =
  | { readonly kind: 'pattern'; readonly node: PatternNode }
  | { readonly kind: 'refused'; readonly why: string }

class Unsupported extends Error {}

/**
 * Reads a regular expression as ECMAScript has it with the flag `u`, as JSON Schema wants. Adversary: who sends a text
 * to a pattern that was written without a thought of them. What a matcher without going back cannot do (looking ahead
 * and behind, references to groups) is refused.
 */
export function parsePattern(source: string): ParsedPattern {
  if (!isExpression(source)) return { kind: 'refused', why: 'is not a regular expression' }
  try {
    const reader = { source, at: 0, depth: 0 }
    return { kind: 'pattern', node: readChoice(reader) }
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error
    return { kind: 'refused', why: error.message }
  }
}

function isExpression(source: string): boolean {
  try {
    return new RegExp(source, 'u').unicode
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

interface Reader {
  readonly source: string
  at: number
  depth: number
}

/** Deeper ones come from programs, and would exhaust the stack. */
const maxDepth = 200

function readChoice(reader: Reader): PatternNode {
  if (++reader.depth > maxDepth) throw new Unsupported(`nests groups deeper than ${maxDepth}`)
  const choices: PatternNode[] = []
  let parts: PatternNode[] = []
  for (;;) {
    const next = reader.source[reader.at]
    if (next === undefined || next === ')' || next === '|') {
      choices.push({ kind: 'all', of: parts })
      parts = []
      if (next !== '|') break
      reader.at += 1
      continue
    }
    parts.push(readRepeated(reader, readAtom(reader)))
  }
  reader.depth -= 1
  const [only] = choices
  return choices.length === 1 && only !== undefined ? only : { kind: 'one', of: choices }
}

function take(reader: Reader, form: RegExp): RegExpExecArray | undefined {
  form.lastIndex = reader.at
  const found = form.exec(reader.source) ?? undefined
  if (found !== undefined) reader.at = form.lastIndex
  return found
}

function readRepeated(reader: Reader, of: PatternNode): PatternNode {
  const found = take(reader, /(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y)
  if (found === undefined) return of
  const [, mark, least, comma, most] = found
  if (mark !== undefined) return { kind: 'repeat', of, min: mark === '+' ? 1 : 0, max: mark === '?' ? 1 : Infinity }
  const min = Number(least)
  return { kind: 'repeat', of, min, max: comma === '' ? min : most === '' ? Infinity : Number(most) }
}

function readAtom(reader: Reader): PatternNode {
  const { source, at } = reader
  const where = places[source[at] ?? ''] ?? places[source.slice(at, at + 2)]
  if (where !== undefined) {
    reader.at += source[at] === '\\' ? 2 : 1
    return { kind: 'at', where }
  }
  if (/^\(\?(?:[=!]|<[=!])/.test(source.slice(at, at + 4))) throw new Unsupported('looks ahead or behind')
  if (take(reader, /\((?:\?:|\?<[^>]*>)?/y) !== undefined) {
    if (reader.source[reader.at] === '?') throw new Unsupported('changes its flags midway')
    const inner = readChoice(reader)
    reader.at += 1 // the closing bracket: the whole is well-formed
    return inner
  }
  if (/^\\(?:[1-9]|k)/.test(source.slice(at, at + 2))) throw new Unsupported('refers back to a group')
  const special = take(reader, specialForm)
  if (special !== undefined) return { kind: 'character', is: special[0] }
  const point = source.codePointAt(at) ?? 0
  reader.at += point > 0xffff ? 2 : 1
  return { kind: 'character', is: point }
}

const places: Readonly<Record<string, (PatternNode & { kind: 'at' })['where']>> = {
  '^': 'start',
  $: 'end',
  '\\b': 'border',
  '\\B': 'no-border',
}

/** One character that is not written as itself: a class, any, or an escape; two surrogates are one character. */
const specialForm = new RegExp(
  [
    '\\[(?:\\\\[^]|[^\\]\\\\])*\\]|\\.',
    '\\\\(?:[pP]\\{[^}]*\\}|u\\{[0-9a-fA-F]+\\}',
    'u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F][0-9a-fA-F]{2}',
    'u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[^])',
  ].join('|'),
  'y',
)
