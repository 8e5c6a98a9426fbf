import { compileGlob, compileResource } from '../match/glob.ts'
import { parseTemplate, type Piece } from '../match/template.ts'
import { factsOf } from './keys/atoms.ts'
import { stepsKey } from './template.ts'
import { matchesSteps, star, starInPart, type Step, stepsOfGlob, stepsOfResource } from './text/steps.ts'
import type { TextPattern } from './text/text-pattern.ts'
import { isPrefix } from './text/texts.ts'

const nothing = factsOf(new Map())
const colon = 0x3a

/** A pattern of Resource or Action, taken apart. */
export function piecesOf(pattern: string, variables: boolean): readonly Piece[] {
  const template = parseTemplate(pattern, { wildcards: true, variables })
  if ('problem' in template) throw new TypeError(template.problem)
  return template.pieces
}

/** A pattern of Action, asked with the action in lower case. */
export function actionPattern(pattern: string): TextPattern {
  const lower = pattern.toLowerCase()
  const pieces = piecesOf(lower, false)
  // Every action has a colon.
  const steps = lower === '*:*' ? [star] : stepsOfGlob(pieces)
  const matches = compileGlob(pieces)
  return { name: lower, steps, matches: (text) => matches(text, nothing) === true }
}

/** What an action needs to be one; it has to be told only where patterns are walked together. */
export function actionSteps(patterns: readonly TextPattern[]): readonly TextPattern[] {
  return patterns.every(({ steps }) => isPrefix(steps)) ? [] : [stepsPattern([star, colon, star])]
}

/** A pattern of Resource without variables. */
export function resourcePattern(pieces: readonly Piece[]): TextPattern {
  const steps = stepsOfResource(pieces)
  const matches = compileResource(pieces)
  return { name: stepsKey(steps), steps, matches: (text) => matches(text, nothing) === true }
}

/** A pattern that stands in no policy as it is. */
export function stepsPattern(steps: readonly Step[]): TextPattern {
  return { name: stepsKey(steps), steps, matches: (text) => matchesSteps(steps, text) }
}

/** Resources whose fifth part is this account. */
export function ownerSteps(account: string): readonly Step[] {
  const part = [starInPart, colon]
  return [...part, ...part, ...part, ...part, ...Array.from(account, (char) => char.charCodeAt(0)), colon, star]
}

/** Each pattern once. */
export function unique(patterns: readonly TextPattern[]): readonly TextPattern[] {
  return [...new Map(patterns.map((pattern) => [pattern.name, pattern])).values()]
}
