import type { Atom } from './atoms.ts'
import { type KeyClasses, keyClasses } from './key-classes.ts'
import {
  filledWith,
  fillingOf,
  hasVariable,
  stepsAs,
  stepsKey,
  type Template,
  templateKey,
  variableName,
  variablesOf,
  waysToFill,
} from '../template.ts'
import { stepsOf } from './scalars.ts'
import { foldsByContext, sixParts, type Step } from '../text/steps.ts'

/** Every pattern with a variable in it, each once. */
export function templatesIn(
  resourcePieces: readonly Template['pieces'][],
  atoms: readonly Atom[],
): readonly Template[] {
  const templates = [
    ...resourcePieces.map((pieces): Template => ({ on: '', flavour: 'resource', pieces })),
    ...atoms.flatMap(({ condition, operands }) =>
      operands.map(({ pieces }): Template => ({
        on: condition.name,
        flavour: condition.use.operator.family,
        pieces: pieces ?? [],
      })),
    ),
  ].filter(({ pieces }) => hasVariable(pieces))
  return [...new Map(templates.map((template) => [templateKey(template), template])).values()]
}

/** The classes of every key. */
interface KeysByName {
  readonly classes: ReadonlyMap<string, KeyClasses>
  /** What was filled into the templates on a key, or on the resource, when its classes were made. */
  readonly toldApart: ReadonlyMap<string, ReadonlySet<string>>
  readonly fillingsOn: (on: string) => readonly (readonly Step[])[]
  /** Why classes may be missing, besides what each key says of itself. */
  readonly gap: string | undefined
}

/** Keys that stand as variables come first: what is compared with them is told apart by their literal values. */
export function classifyKeys(templates: readonly Template[], atoms: readonly Atom[]): KeysByName {
  const variables = new Set(
    templates.flatMap(({ pieces }) => pieces.flatMap((piece) => (piece.kind === 'variable' ? piece.key : []))),
  )
  const byKey = Map.groupBy(atoms, ({ condition }) => condition.name)
  const classes = new Map<string, KeyClasses>()
  const toldApart = new Map<string, ReadonlySet<string>>()
  const fillingsOn = (on: string): readonly (readonly Step[])[] => {
    const filled = templates
      .filter((template) => template.on === on)
      .flatMap(({ flavour, pieces }) => {
        const own = variablesOf(pieces)
        const lists = own.map(({ key, fallback }) => {
          const texts = classes.get(key)?.classes.flatMap((one) => {
            const filling = fillingOf(one, fallback)
            return typeof filling === 'object' ? filling.text : []
          })
          return [undefined, ...new Set(texts)]
        })
        return (waysToFill(lists) ?? []).flatMap((way) => {
          const known = new Map(
            own.flatMap((variable, index): readonly (readonly [string, string])[] => {
              const text = way[index]
              return text === undefined ? [] : [[variableName(variable), text]]
            }),
          )
          return known.size === 0 ? [] : [stepsAs(flavour, filledWith(pieces, known))]
        })
      })
    const asksItself = templates.some(
      (template) =>
        template.on === on && template.flavour === 'arn' && variablesOf(template.pieces).some(({ key }) => key === on),
    )
    toldApart.set(on, new Set(filled.map(stepsKey)))
    return asksItself ? [...filled, sixParts] : filled
  }
  /** A key that is compared with a variable for equality has literals that tell the variable's values apart as well. */
  const comparedWith = (name: string): readonly (readonly Step[])[] =>
    templates
      .filter(
        ({ pieces: [first], pieces, on }) =>
          on !== '' && pieces.length === 1 && first?.kind === 'variable' && first.key === name,
      )
      .flatMap(({ on, flavour }) => (byKey.get(on) ?? []).map((atom) => ({ flavour, ...atom })))
      .flatMap(({ flavour, condition, operands }) => {
        const { family } = condition.use.operator
        const isFolded = flavour === 'folded-string' || family === 'folded-string'
        return operands
          .filter(({ pieces = [] }) => (family === 'string' || isFolded) && !hasVariable(pieces))
          .map((operand) => stepsOf(isFolded ? 'folded-string' : 'string', operand) ?? [])
      })
  for (const name of new Set([...variables, ...byKey.keys()])) {
    const more = [...fillingsOn(name), ...(variables.has(name) ? comparedWith(name) : [])]
    const distinct = [...new Map(more.map((steps) => [stepsKey(steps), steps])).values()]
    classes.set(name, keyClasses(name, byKey.get(name) ?? [], distinct, variables.has(name)))
  }
  const foldedIn = templates
    .filter(({ flavour }) => flavour === 'folded-string')
    .flatMap(({ pieces }) => variablesOf(pieces))
    .flatMap(({ key, fallback = '' }) => [
      fallback,
      ...(classes.get(key)?.classes.flatMap(({ text = '' }) => text) ?? []),
    ])
  const gap = foldedIn.some(foldsByContext) ? 'letters that fold by their place' : undefined
  return { classes, toldApart, fillingsOn, gap }
}
