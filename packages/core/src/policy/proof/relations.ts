import type { Piece } from '../match/template.ts'
import {
  filledWith,
  hasVariable,
  stepsAs,
  type Template,
  type Variable,
  variableName,
  variablesOf,
} from './template.ts'
import { representatives } from './text/representatives.ts'
import { any, anyInPart, matchesSteps, star, starInPart, stepsOfGlob } from './text/steps.ts'
import { anyText } from './text/texts.ts'

/** A template, and whether it matches where both sides are free. */
export interface Relation extends Template {
  /** The level of a choice of two. */
  readonly level: number
  /** The same of those that match whatever this one does: this one matches where all of them are chosen to. */
  readonly within: readonly number[]
}

/** More templates on one text than these are not compared with each other. */
const mostCompared = 24

/** Relations of templates, each with a level that `levelOf` gives. */
export function relate(templates: readonly Template[], levelOf: () => number): readonly Relation[] {
  const leveled = templates.map((template) => ({ ...template, level: levelOf() }))
  const groups = Map.groupBy(leveled, ({ on }) => on)
  return leveled.map((one) => {
    const group = groups.get(one.on) ?? []
    const wider = group.length > mostCompared ? [] : group.filter((other) => other !== one && includes(other, one))
    return { ...one, within: wider.map(({ level }) => level) }
  })
}

/** Whether what depends on these levels was chosen to match. */
export function isChosen(
  { level, within }: Pick<Relation, 'level' | 'within'>,
  choice: ReadonlyMap<number, number>,
): boolean {
  return [level, ...within].every((one) => choice.get(one) === 1)
}

/** The first of the characters that stand for variables, each for one, which only a star may pass over. */
const symbols = 0xf_0000

/**
 * Whether every text that matches one pattern matches the other, whatever their variables stand for: true where that
 * shows from the patterns alone. False says nothing. A variable without a default has the text that it has with one,
 * wherever the narrower pattern matches at all.
 */
function includes(wider: Template, narrower: Template): boolean {
  const own = variablesOf(narrower.pieces)
  const symbolOf = (one: Variable): string | undefined => {
    const same = own.findIndex(
      ({ key, fallback }) => key === one.key && (fallback === undefined || fallback === one.fallback),
    )
    return same === -1 ? undefined : String.fromCodePoint(symbols + same)
  }
  const filling = (pieces: readonly Piece[]): readonly Piece[] => {
    const texts = variablesOf(pieces).flatMap((one): readonly (readonly [string, string])[] => {
      const symbol = symbolOf(one)
      return symbol === undefined ? [] : [[variableName(one), symbol]]
    })
    return filledWith(pieces, new Map(texts))
  }
  const [outside, inside] = [filling(wider.pieces), filling(narrower.pieces)]
  // What the narrower does not know may be absent, and then the wider matches nothing.
  if (hasVariable(outside)) return false
  // What a symbol stands for is compared by the wider: that two texts fold to one does not make them equal.
  if (narrower.flavour === 'folded-string' && wider.flavour !== 'folded-string') return false
  const steps = stepsAs(wider.flavour, outside)
  if (steps.some((step) => step === any || step === anyInPart || step === starInPart)) return false
  // A symbol stands for texts with colons too, which then part an ARN elsewhere: at most it matches as a glob.
  const most = narrower.flavour === 'arn' ? stepsOfGlob(inside) : stepsAs(narrower.flavour, inside)
  const inner = most.map((step) => (step === starInPart ? star : step))
  const found = representatives([steps, inner], { fillers: anyText, maxLength: 8192 })
  return found.complete && found.texts.every((text) => !matchesSteps(inner, text) || matchesSteps(steps, text))
}
