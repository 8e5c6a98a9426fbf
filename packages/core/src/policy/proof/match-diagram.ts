import type { Piece } from '../match/template.ts'
import type { Diagram, Diagrams } from './diagram.ts'
import type { KeyClass } from './keys/key-classes.ts'
import type { Relation } from './relations.ts'
import {
  filledWith,
  fillingOf,
  stepsAs,
  stepsKey,
  type Variable,
  variableName,
  variablesOf,
  waysToFill,
} from './template.ts'
import { matchesSteps, sixParts, type Step } from './text/steps.ts'

/** What `matchDiagram` needs to know of the universe. */
export interface Surroundings {
  readonly diagrams: Diagrams
  /** Level and classes of a variable's key. */
  readonly keyOf: (name: string) => { readonly level: number; readonly classes: readonly KeyClass[] } | undefined
  /** The level of the texts that are asked, and a text of each of its classes; undefined where none is known. */
  readonly level: number
  readonly texts: readonly (string | undefined)[]
  /** Texts that are alone in their class. */
  readonly literal: (index: number) => boolean
  /** Patterns by which the classes were made, as `stepsKey` writes them. */
  readonly toldApart: ReadonlySet<string>
}

/**
 * When a text matches a pattern with variables: exactly where all their texts are known; where some are, at most what
 * the pattern with those filled in matches, by a free choice.
 */
export function matchDiagram(relation: Relation, around: Surroundings): Diagram {
  const { diagrams, level, texts } = around
  const { pieces, flavour } = relation
  const free = diagrams.and([relation.level, ...relation.within].map((one) => diagrams.oneOf(one, [1])))
  const matching = (steps: readonly Step[], skip: (index: number) => boolean = () => false): Diagram =>
    diagrams.oneOf(
      level,
      [...texts.keys()].filter((index) => {
        const text = texts[index]
        return text === undefined || (!skip(index) && matchesSteps(steps, text))
      }),
    )
  // A variable may stand for anything, so a text that does not match this matches in no case.
  const open = diagrams.and([matching(stepsAs(flavour, pieces)), free])
  const variables = variablesOf(pieces)
  const ways = waysToFill(variables.map((variable) => fillingsOf(variable, around)))
  if (ways !== undefined) {
    return diagrams.or(ways.map((way) => diagrams.and([...way.map(({ where }) => where), caseOf(way)])))
  }
  const present = variables.map((variable) => {
    const key = around.keyOf(variable.key)
    return key === undefined ? diagrams.always : diagrams.oneOf(key.level, filled(key.classes, variable.fallback))
  })
  return diagrams.and([...present, open])

  function caseOf(way: readonly Filled[]): Diagram {
    const known = new Map(
      way.flatMap(({ text }, index): readonly (readonly [string, string])[] => {
        const variable = variables[index]
        return text === undefined || variable === undefined ? [] : [[variableName(variable), text]]
      }),
    )
    const itself = caseOfItself(known)
    if (itself !== undefined) return itself
    if (known.size === 0) return openCase()
    const steps = stepsAs(flavour, filledWith(pieces, known))
    // Where the classes were not made with this pattern in mind, one member does not speak for the others.
    if (!around.toldApart.has(stepsKey(steps))) return open
    return known.size === variables.length ? matching(steps) : diagrams.and([matching(steps), free])
  }

  /**
   * A pattern in which the key stands on which it is asked: filled with the key's text it has no room for anything
   * besides; as an ARN it needs its six parts. Undefined where it does not stand there.
   */
  function caseOfItself(known: ReadonlyMap<string, string>): Diagram | undefined {
    const own = variables.filter(({ key }) => key === relation.on)
    if (own.length === 0) return undefined
    if (pieces.length === 1 && flavour !== 'arn') return diagrams.always
    // A text that is alone in its class is asked itself. Where other variables are open, each has at least one letter.
    if (own.some((one) => known.has(variableName(one)))) {
      return known.size < variables.length ? diagrams.never : matching(stepsAs(flavour, filledWith(pieces, known)))
    }
    const besides = filledWith(pieces, known).filter((piece) => piece.kind !== 'star' && !isEmptyText(piece))
    if (besides.length > 1) return diagrams.never
    return flavour === 'arn' ? matching(sixParts) : diagrams.always
  }

  /** All free; but a text that is alone in its class equals no variable whose own literals include it. */
  function openCase(): Diagram {
    const [variable] = variables
    // Where case is ignored, it may equal one that is none of those.
    if (variable === undefined || pieces.length !== 1 || flavour === 'folded-string') return open
    const ownTexts = new Set(around.keyOf(variable.key)?.classes.flatMap((one) => one.text ?? []))
    const differs = (index: number): boolean => around.literal(index) && ownTexts.has(texts[index] ?? '')
    return diagrams.and([matching(stepsAs(flavour, pieces), differs), free])
  }
}

function isEmptyText(piece: Piece): boolean {
  return piece.kind === 'text' && piece.text === ''
}

/** What a variable stands for in some classes of its key; a text that is undefined may be any. */
interface Filled {
  readonly text: string | undefined
  readonly where: Diagram
}

function fillingsOf(variable: Variable, { diagrams, keyOf }: Surroundings): readonly Filled[] {
  const key = keyOf(variable.key)
  if (key === undefined) return [{ text: undefined, where: diagrams.always }]
  const classes = new Map<string | undefined, number[]>()
  for (const [index, one] of key.classes.entries()) {
    const filling = fillingOf(one, variable.fallback)
    if (filling === 'nothing') continue
    const text = filling === 'open' ? undefined : filling.text
    const known = classes.get(text)
    if (known === undefined) classes.set(text, [index])
    else known.push(index)
  }
  return [...classes].map(([text, indices]) => ({ text, where: diagrams.oneOf(key.level, indices) }))
}

function filled(classes: readonly KeyClass[], fallback: string | undefined): readonly number[] {
  return [...classes.keys()].filter((index) => {
    const one = classes[index]
    return one !== undefined && fillingOf(one, fallback) !== 'nothing'
  })
}
