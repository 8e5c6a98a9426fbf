import type { Piece } from '../../match/template.ts'

/**
 * One step of a pattern, over code points: a character, one of several (a letter under an operator that ignores case),
 * or below zero a wildcard.
 */
export type Step = number | readonly number[]

/** `?`. */
export const any = -1
/** `?` that is no colon. */
export const anyInPart = -2
/** `*`. */
export const star = -3
/** `*` that ends at a colon. */
export const starInPart = -4

const colon = 0x3a

/** A text with all the parts of an ARN. */
export const sixParts: readonly Step[] = [...Array.from({ length: 5 }, () => [starInPart, colon]).flat(), star]

/** A text that stands for itself. */
export function stepsOfText(text: string): readonly Step[] {
  const steps: number[] = []
  for (let at = 0; at < text.length; at += 1) {
    const code = text.codePointAt(at) ?? 0
    steps.push(code)
    if (code > 0xffff) at += 1
  }
  return steps
}

/** A glob. A variable may stand for anything, so it becomes a star: what the pattern matches at most. */
export function stepsOfGlob(pieces: readonly Piece[]): readonly Step[] {
  const steps: Step[] = []
  for (const piece of pieces) {
    if (piece.kind === 'text') for (const step of stepsOfText(piece.text)) steps.push(step)
    else if (piece.kind === 'any') steps.push(any)
    else if (steps.at(-1) !== star) steps.push(star)
  }
  return steps
}

/** A pattern of Resource: in the first five parts of an ARN a star ends at a colon, unless it ends its part. */
export function stepsOfResource(pieces: readonly Piece[]): readonly Step[] {
  let colons = 0
  return stepsOfGlob(pieces).map((step, index, all) => {
    if (step === colon) colons += 1
    const next = all[index + 1]
    return step === star && colons < 5 && next !== undefined && next !== colon ? starInPart : step
  })
}

/**
 * A pattern of ArnLike: six parts, each compared by itself. With a variable, whose text may hold colons, one cannot
 * tell the parts apart, and the plain glob is what matches at most.
 */
export function stepsOfArn(pieces: readonly Piece[]): readonly Step[] {
  const steps = stepsOfGlob(pieces)
  if (pieces.some((piece) => piece.kind === 'variable')) return steps
  if (steps.length === 1 && steps[0] === star) return steps
  // Of fewer than six parts it matches nothing.
  if (steps.filter((step) => step === colon).length < 5) return [[]]
  let colons = 0
  return steps.map((step) => {
    if (step === colon) colons += 1
    if (colons >= 5) return step
    return step === star ? starInPart : step === any ? anyInPart : step
  })
}

/** Every text that folds to the same: each character with all that lower-case to it. */
export function stepsOfFolded(text: string): readonly Step[] {
  return Array.from(text.toLowerCase(), (char) => {
    const code = char.codePointAt(0) ?? 0
    const others = spellingsOf(char)
    return others.length === 1 ? code : others
  })
}

/**
 * Characters that lower-case to several, or by their place in the word: with them, what folds to a text is not told
 * character by character.
 */
export function foldsByContext(text: string): boolean {
  return ['\u0130', '\u0307', '\u03a3', '\u03c2', '\u03c3'].some((char) => text.includes(char))
}

const spellings = new Map<string, readonly number[]>()

function spellingsOf(char: string): readonly number[] {
  const ascii = char.codePointAt(0) ?? 0
  if (ascii < 0x80) {
    const upper = char.toUpperCase().charCodeAt(0)
    // U+212A KELVIN SIGN is the only other character that lower-cases to an ASCII letter.
    return upper === ascii ? [ascii] : char === 'k' ? [ascii, upper, 0x212a] : [ascii, upper]
  }
  if (spellings.size === 0) {
    const found = new Map<string, number[]>()
    // The cased letters of Unicode all stand below this.
    for (let code = 0x41; code < 0x1_ea00; code += 1) {
      if (code >= 0xd800 && code <= 0xdfff) continue
      const upper = String.fromCodePoint(code)
      const lower = upper.toLowerCase()
      if (lower === upper) continue
      const known = found.get(lower)
      if (known === undefined) found.set(lower, [lower.codePointAt(0) ?? 0, code])
      else known.push(code)
    }
    for (const [lower, codes] of found) spellings.set(lower, codes)
  }
  return spellings.get(char) ?? [char.codePointAt(0) ?? 0]
}

/** Whether a text matches, all places of the pattern at once. */
export function matchesSteps(steps: readonly Step[], text: string): boolean {
  let places = spread(steps, new Set([0]))
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    const next = new Set<number>()
    for (const place of places) {
      const step = steps[place]
      if (step === undefined) continue
      if (typeof step === 'object' ? step.includes(code) : step === code) next.add(place + 1)
      else if (step === any || (step === anyInPart && code !== colon)) next.add(place + 1)
      else if (step === star || (step === starInPart && code !== colon)) next.add(place)
    }
    places = spread(steps, next)
    if (places.size === 0) return false
  }
  return places.has(steps.length)
}

/** A star may also stand for nothing. */
function spread(steps: readonly Step[], places: Set<number>): Set<number> {
  for (const place of places) if (steps[place] === star || steps[place] === starInPart) places.add(place + 1)
  return places
}
