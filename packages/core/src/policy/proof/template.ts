import type { Family } from '../match/operators.ts'
import type { Piece } from '../match/template.ts'
import type { KeyClass } from './keys/key-classes.ts'
import { stepsOf } from './keys/scalars.ts'
import { star, type Step, stepsOfResource } from './text/steps.ts'

/** A pattern with a variable in it. */
export interface Template {
  /** On what it is asked: a context key in lower case, or empty for the resource. */
  readonly on: string
  /** How it is read. */
  readonly flavour: 'resource' | Family
  readonly pieces: readonly Piece[]
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

/** One spelling of a pattern, to compare patterns by. */
export function stepsKey(steps: readonly Step[]): string {
  return JSON.stringify(steps)
}
