import type { Facts } from './facts.ts'
import { scalarFact } from './facts.ts'
import { isContextKey } from './context-key.ts'

/** One part of a policy's pattern. What a variable stands for is never a pattern itself. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** `*`: any number of characters. */
  | { readonly kind: 'star' }
  /** `?`: one character. */
  | { readonly kind: 'any' }
  /** `${key}` or `${key, 'fallback'}`; `key` is lower-case. */
  | { readonly kind: 'variable'; readonly key: string; readonly fallback?: string; readonly at: number }

/** What has a meaning of its own in a pattern; everything else stands for itself. */
export interface TemplateOptions {
  /** True for documents of Version 2012-10-17; in older ones `${…}` is literal text (IAM, "Policy variables"). */
  readonly variables: boolean
  /** Whether `*` and `?` are wildcards here, or characters. */
  readonly wildcards: boolean
}

/** Takes a pattern apart, or says what is wrong with a variable in it. */
export function parseTemplate(
  pattern: string,
  options: TemplateOptions,
): { readonly pieces: readonly Piece[] } | { readonly problem: string } {
  if (!options.wildcards && !(options.variables && pattern.includes('${'))) return { pieces: literally(pattern) }
  if (!pattern.includes('*') && !pattern.includes('?') && !pattern.includes('${')) return { pieces: literally(pattern) }
  const pieces: Piece[] = []
  let text = ''
  // What stands for itself is taken out whole.
  let from = 0
  const flush = (): void => {
    if (text !== '') pieces.push({ kind: 'text', text })
    text = ''
  }
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern.charCodeAt(at)
    if (options.wildcards && (char === STAR || char === MARK)) {
      text += pattern.slice(from, at)
      flush()
      from = at + 1
      const last = pieces.at(-1)
      // Two stars in a row say what one says.
      if (char === MARK) pieces.push({ kind: 'any' })
      else if (last?.kind !== 'star') pieces.push({ kind: 'star' })
    } else if (options.variables && char === DOLLAR && pattern[at + 1] === '{') {
      text += pattern.slice(from, at)
      const variable = readVariable(pattern, at)
      if ('problem' in variable) return variable
      if ('literal' in variable) text += variable.literal
      else {
        flush()
        pieces.push(variable.piece)
      }
      at = variable.end
      from = at + 1
    }
  }
  text += pattern.slice(from)
  flush()
  return { pieces }
}

const [STAR, MARK, DOLLAR] = [0x2a, 0x3f, 0x24]

function literally(text: string): readonly Piece[] {
  return text === '' ? [] : [{ kind: 'text', text }]
}

type Variable =
  | { readonly piece: Piece; readonly end: number }
  | { readonly literal: string; readonly end: number }
  | { readonly problem: string }

/** Reads `${…}` at `at`; `end` is the offset of its closing brace. */
function readVariable(pattern: string, at: number): Variable {
  const quote = pattern.indexOf("'", at)
  let end = pattern.indexOf('}', at)
  let fallback: string | undefined
  let name = pattern.slice(at + 2, end)
  if (quote !== -1 && quote < end) {
    // The default may itself hold a brace, so its closing quote is looked for first.
    const unquote = pattern.indexOf("'", quote + 1)
    if (unquote === -1) return { problem: 'a default value has no closing quote' }
    const before = pattern.slice(at + 2, quote).trimEnd()
    end = pattern.indexOf('}', unquote)
    if (!before.endsWith(',') || pattern.slice(unquote + 1, Math.max(end, unquote + 1)).trim() !== '') {
      return { problem: "a default value is written ${key, 'text'}" }
    }
    fallback = pattern.slice(quote + 1, unquote)
    name = before.slice(0, -1)
  }
  if (end === -1) return { problem: '${ has no closing brace' }
  if (name === '*' || name === '?' || name === '$') return { literal: name, end }
  const key = name.trim()
  if (!isContextKey(key)) return { problem: `\${${name}} names no context key; one is written prefix:name` }
  return {
    piece: { kind: 'variable', key: key.toLowerCase(), at, ...(fallback === undefined ? {} : { fallback }) },
    end,
  }
}

/**
 * The text of a variable for this request. Undefined when the key is absent and there is no default,
 * and when it holds a list: variables stand for single values only.
 */
export function variableText(piece: Extract<Piece, { kind: 'variable' }>, facts: Facts): string | undefined {
  const value = scalarFact(facts, piece.key)
  return value === undefined ? piece.fallback : value === null ? undefined : value
}

/** Pieces without wildcards as one text; undefined when a variable in them stands for nothing. */
export function resolveText(pieces: readonly Piece[], facts: Facts): string | undefined {
  let text = ''
  for (const piece of pieces) {
    if (piece.kind === 'text') text += piece.text
    else if (piece.kind === 'variable') {
      const value = variableText(piece, facts)
      if (value === undefined) return undefined
      text += value
    } else text += piece.kind === 'star' ? '*' : '?'
  }
  return text
}

/** The text of pieces that hold neither wildcards nor variables; undefined for others. */
export function literalText(pieces: readonly Piece[]): string | undefined {
  const [first, ...rest] = pieces
  if (first === undefined) return ''
  return first.kind === 'text' && rest.length === 0 ? first.text : undefined
}
