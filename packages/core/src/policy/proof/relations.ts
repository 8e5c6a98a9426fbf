import type { Family } from '../match/operators.ts'
import type { Piece } from '../match/template.ts'
import type { Diagram, Diagrams } from './diagram.ts'
import type { KeyClass } from './keys/key-classes.ts'
import { representatives } from './text/representatives.ts'
import { stepsOf } from './keys/scalars.ts'
import { any, anyInPart, matchesSteps, star, starInPart, type Step, stepsOfResource } from './text/steps.ts'
import { anyText } from './text/texts.ts'

/** A pattern with a variable in it. */
export interface Template {
  /** On what it is asked: a context key in lower case, or empty for the resource. */
  readonly on: string
  /** How it is read. */
  readonly flavour: 'resource' | Family
  readonly pieces: readonly Piece[]
}

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

/** Equal for two templates that always match alike. */
export function templateKey({ on, flavour, pieces }: Template): string {
  const isPlain = pieces.every(({ kind }) => kind === 'text' || kind === 'variable')
  const read = flavour === 'pattern' && isPlain ? 'string' : flavour
  return JSON.stringify([on, read, pieces.map((piece) => (piece.kind === 'variable' ? { ...piece, at: 0 } : piece))])
}

/** What these pieces match as the template reads them; a variable left in them may stand for anything. */
export function stepsAs(flavour: Template['flavour'], pieces: readonly Piece[]): readonly Step[] {
  return flavour === 'resource' ? stepsOfResource(pieces) : (stepsOf(flavour, { value: '', pieces }) ?? [star])
}

/** Whether a variable stands in these pieces. */
export function hasVariable(pieces: readonly Piece[]): boolean {
  return pieces.some(({ kind }) => kind === 'variable')
}

/** A variable in a pattern. */
export type Variable = Extract<Piece, { kind: 'variable' }>

/** The variables of a pattern, each once. */
export function variablesOf(pieces: readonly Piece[]): readonly Variable[] {
  const variables = pieces.filter((piece) => piece.kind === 'variable')
  return [...new Map(variables.map((one) => [variableName(one), one])).values()]
}

/** Equal for two that stand for the same. */
export function variableName({ key, fallback }: Variable): string {
  return JSON.stringify([key, fallback])
}

/** The pattern with its variables filled in. */
export function filledIn(pieces: readonly Piece[], text: string): readonly Piece[] {
  return pieces.map((piece) => (piece.kind === 'variable' ? { kind: 'text', text } : piece))
}

/** The pattern with those variables filled in that have a text, by their names. */
export function filledWith(pieces: readonly Piece[], texts: ReadonlyMap<string, string>): readonly Piece[] {
  return pieces.map((piece) => {
    const text = piece.kind === 'variable' ? texts.get(variableName(piece)) : undefined
    return text === undefined ? piece : { kind: 'text', text }
  })
}

/** Ways to fill variables, of which more are not told apart. */
const mostFilled = 64

/**
 * Every way to choose one of each list, where there are not too many: undefined where there are. A variable that is
 * left open has undefined for its text.
 */
export function waysToFill<Choice>(lists: readonly (readonly Choice[])[]): readonly (readonly Choice[])[] | undefined {
  if (lists.reduce((ways, { length }) => ways * length, 1) > mostFilled) return undefined
  return lists.reduce<readonly (readonly Choice[])[]>(
    (ways, list) => ways.flatMap((way) => list.map((one) => [...way, one])),
    [[]],
  )
}

/** What the variable's key comes to in one class: a text, nothing, or one of many texts. */
export type Filling = { readonly text: string } | 'nothing' | 'open'

/** What a variable stands for in a class of its key. */
export function fillingOf(one: KeyClass, fallback: string | undefined): Filling {
  if (one.kind === 'absent') return fallback === undefined ? 'nothing' : { text: fallback }
  if (one.kind !== 'one') return 'nothing'
  return one.text === undefined ? 'open' : { text: one.text }
}

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

/** One spelling of a pattern, to compare patterns by. */
export function stepsKey(steps: readonly Step[]): string {
  return JSON.stringify(steps)
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
   * besides. Undefined where it does not stand there, or an ARN's parts are compared, of which a text may have too few.
   */
  function caseOfItself(known: ReadonlyMap<string, string>): Diagram | undefined {
    const own = variables.filter(({ key }) => key === relation.on)
    if (own.length === 0) return undefined
    // A text that is alone in its class is asked itself. Where other variables are open, each has at least one letter.
    if (own.some((one) => known.has(variableName(one)))) {
      return known.size < variables.length ? diagrams.never : matching(stepsAs(flavour, filledWith(pieces, known)))
    }
    if (flavour === 'arn') return undefined
    const besides = filledWith(pieces, known).filter((piece) => piece.kind !== 'star' && !isEmptyText(piece))
    return besides.length === 1 ? diagrams.always : diagrams.never
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
  const inner = stepsAs(narrower.flavour, inside).map((step) => (step === starInPart ? star : step))
  const found = representatives([steps, inner], { fillers: anyText, maxLength: 8192 })
  return found.complete && found.texts.every((text) => !matchesSteps(inner, text) || matchesSteps(steps, text))
}
