import type { Facts } from './facts.ts'
import { limits } from '../limits.ts'
import { literalText, type Piece, resolveText, variableText } from './template.ts'

/** Whether a text matches. Undefined when the text is too long to be asked: see `limits.matchedLength`. */
export type TextMatcher = (text: string, facts: Facts) => boolean | undefined

/** UTF-16 units, and below zero the wildcards. */
export type Codes = readonly number[]

/** `*`, also over colons. */
export const STAR = -1
/** `?`, one character (two units for those outside the basic plane). */
export const ANY = -2
/** `*` that ends at a colon. */
const STAR_IN_SEGMENT = -3

const COLON = 0x3a

/** Compiles a pattern to the cheapest of: everything, one literal, a prefix, a matcher that remembers the last star. */
export function compileGlob(pieces: readonly Piece[]): TextMatcher {
  const literal = literalText(pieces)
  if (literal !== undefined) return (text) => text === literal
  if (pieces.length === 1 && pieces[0]?.kind === 'star') return () => true
  const prefix = literalText(pieces.slice(0, -1))
  if (prefix !== undefined && pieces.at(-1)?.kind === 'star') return (text) => text.startsWith(prefix)
  if (pieces.some((piece) => piece.kind === 'variable')) {
    if (isPlain(pieces)) return (text, facts) => text === resolveText(pieces, facts)
    const before = pieces.slice(0, -1)
    if (pieces.at(-1)?.kind !== 'star' || !isPlain(before)) return variableGlob(pieces, matchCodes)
    return (text, facts) => {
      const resolved = resolveText(before, facts)
      return resolved !== undefined && text.startsWith(resolved)
    }
  }
  const codes = codesOf(pieces)
  return (text) => (text.length > limits.matchedLength ? undefined : matchCodes(codes, text))
}

/**
 * Compiles a Resource pattern. As in any glob `*` spans `/`. Among the first five segments of the ARN a star spans
 * colons only where it is the last character of its segment (IAM, "Resource": "Using wildcards in resource ARNs").
 */
export function compileResource(pieces: readonly Piece[]): TextMatcher {
  if (pieces.some((piece) => piece.kind === 'variable')) {
    if (isPlain(pieces)) return (text, facts) => text === resolveText(pieces, facts)
    return variableGlob(pieces, (codes, text) => matchSegmented(keepInSegments(codes), text))
  }
  const codes = keepInSegments(codesOf(pieces))
  if (!codes.includes(STAR_IN_SEGMENT)) return compileGlob(pieces)
  return (text) => (text.length > limits.matchedLength ? undefined : matchSegmented(codes, text))
}

/** Whether these pieces are one text once their variables are filled in. */
function isPlain(pieces: readonly Piece[]): boolean {
  return pieces.every(({ kind }) => kind === 'text' || kind === 'variable')
}

function variableGlob(pieces: readonly Piece[], match: (codes: Codes, text: string) => boolean): TextMatcher {
  return (text, facts) => {
    if (text.length > limits.matchedLength) return undefined
    const codes = resolveCodes(pieces, facts)
    return codes !== undefined && match(codes, text)
  }
}

/**
 * Pieces with every variable filled in, its text literal; undefined when one stands for nothing, or all of them for
 * more than any text holds that is asked.
 */
export function resolveCodes(pieces: readonly Piece[], facts: Facts): Codes | undefined {
  const filled: Piece[] = []
  let length = 0
  for (const piece of pieces) {
    if (piece.kind !== 'variable') filled.push(piece)
    else {
      const text = variableText(piece, facts)
      length += text?.length ?? 0
      if (text === undefined || length > limits.matchedLength) return undefined
      filled.push({ kind: 'text', text })
    }
  }
  return codesOf(filled)
}

/** The units of pieces that hold no variables. */
export function codesOf(pieces: readonly Piece[]): Codes {
  const codes: number[] = []
  for (const piece of pieces) {
    if (piece.kind === 'star') codes.push(STAR)
    else if (piece.kind === 'any') codes.push(ANY)
    else if (piece.kind === 'text') {
      for (let at = 0; at < piece.text.length; at += 1) codes.push(piece.text.charCodeAt(at))
    }
  }
  return codes
}

/** Two pointers and a memory of the last star: at worst length × length steps, and no recursion. */
export function matchCodes(codes: Codes, text: string): boolean {
  let code = 0
  let at = 0
  let afterStar = -1
  let resume = 0
  while (at < text.length) {
    const wanted = codes[code]
    if (wanted === STAR) {
      code += 1
      afterStar = code
      resume = at
    } else if (wanted !== undefined && (wanted === ANY || wanted === text.charCodeAt(at))) {
      code += 1
      at += wanted === ANY ? width(text, at) : 1
    } else if (afterStar === -1) return false
    else {
      resume += width(text, resume)
      code = afterStar
      at = resume
    }
  }
  while (codes[code] === STAR) code += 1
  return code === codes.length
}

/** Marks the stars that end at a colon. */
function keepInSegments(codes: Codes): Codes {
  let colons = 0
  return codes.map((code, index) => {
    if (code === COLON) colons += 1
    const next = codes[index + 1]
    return code === STAR && colons < 5 && next !== undefined && next !== COLON ? STAR_IN_SEGMENT : code
  })
}

/** Where two kinds of star meet, all positions are kept at once: length × length steps, for few patterns. */
function matchSegmented(codes: Codes, text: string): boolean {
  let reached = new Uint8Array(text.length + 1)
  reached[0] = 1
  for (const code of codes) {
    const next = new Uint8Array(text.length + 1)
    for (let at = 0; at <= text.length; at += 1) {
      if (reached[at] !== 1) continue
      if (code === STAR || code === STAR_IN_SEGMENT) {
        next[at] = 1
        // The star goes on from here; the loop itself carries it to the end.
        const goesOn = at < text.length && (code === STAR || text.charCodeAt(at) !== COLON)
        if (goesOn) reached[at + width(text, at)] = 1
      } else if (at < text.length && code === ANY) next[at + width(text, at)] = 1
      else if (at < text.length && code === text.charCodeAt(at)) next[at + 1] = 1
    }
    reached = next
  }
  return reached[text.length] === 1
}

/** How many units the character at `at` has. */
function width(text: string, at: number): 1 | 2 {
  const high = text.charCodeAt(at)
  if (high < 0xd800 || high > 0xdbff) return 1
  const low = text.charCodeAt(at + 1)
  return low >= 0xdc00 && low <= 0xdfff ? 2 : 1
}
