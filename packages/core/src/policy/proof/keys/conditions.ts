import { listOf } from '../../decide/statement.ts'
import type { Statement } from '../../document.ts'
import { isNullSet } from '../../match/condition.ts'
import type { Atom } from './atoms.ts'
import type { Diagram, Diagrams } from '../diagram.ts'
import type { KeyClass } from './key-classes.ts'
import { piecesOf, resourcePattern } from '../patterns.ts'
import { fillingOf, hasVariable, type Template } from '../template.ts'
import { matchesSteps } from '../text/steps.ts'
import { isLong } from '../text/texts.ts'
import { settledLong } from './long.ts'
import { stepsOf } from './scalars.ts'
import type { KeyLevels } from './levels.ts'
import type { ListChoices } from './lists.ts'

/** What conditions are made into diagrams with. */
export interface Conditions {
  readonly diagrams: Diagrams
  readonly keyOf: (name: string) => KeyLevels | undefined
  /** When a template matches. */
  readonly matchTemplate: (template: Template) => Diagram
  /** When the resource matches one of these patterns without variables, by their names. */
  readonly matchResource: (names: readonly string[]) => Diagram
  /** What a condition with variables says of a list of several. */
  readonly lists: ListChoices
  /**
   * The level of a free choice, by atom: what a condition with variables says of a value of which none was shown or
   * that is longer than patterns are asked of.
   */
  readonly long: (id: string) => number | undefined
}

/** When a condition holds. */
export function conditionDiagram(atom: Atom, context: Conditions): Diagram {
  const { diagrams } = context
  const key = context.keyOf(atom.condition.name)
  if (key === undefined) throw new TypeError(`no key ${atom.condition.name}`)
  const single =
    atom.variables.length === 0
      ? diagrams.oneOf(key.level, key.holding.get(atom.id) ?? [])
      : comparedDiagram(atom, key, context)
  if (key.many.length === 0) return single
  return diagrams.or([single, diagrams.and([diagrams.oneOf(key.level, key.many), manyDiagram(atom, key, context)])])
}

/** What a condition says of a list of several, by the members that are in it. */
function manyDiagram(atom: Atom, key: KeyLevels, { diagrams, lists }: Conditions): Diagram {
  const { always, never } = diagrams
  const { operator, quantifier } = atom.condition.use
  const has = (index: number): Diagram => diagrams.oneOf(key.memberLevels[index] ?? 0, [1])
  const members = [...key.members.keys()]
  // The first member is the empty text; a list of nothing else is a null data set.
  const isNull = diagrams.and(members.map((index) => (index === 0 ? has(index) : diagrams.not(has(index)))))
  if (operator.family === 'null') {
    const whenNull = atom.condition.wanted.some((value) => String(value).toLowerCase() === 'true')
    const whenNot = atom.condition.wanted.some((value) => String(value).toLowerCase() === 'false')
    return diagrams.or([whenNull ? isNull : never, whenNot ? diagrams.not(isNull) : never])
  }
  if (quantifier === 'none') return atom.unclear ? always : never
  const satisfied =
    atom.variables.length > 0
      ? lists.satisfied(atom, diagrams)
      : quantifier === 'all'
        ? diagrams.and(members.map((index) => (satisfies(key, index, atom) ? always : diagrams.not(has(index)))))
        : diagrams.or(members.map((index) => (satisfies(key, index, atom) ? has(index) : never)))
  return quantifier === 'all' ? diagrams.or([isNull, satisfied]) : diagrams.and([diagrams.not(isNull), satisfied])
}

function satisfies(key: KeyLevels, member: number, { id }: Atom): boolean {
  return key.members[member]?.satisfies.has(id) === true
}

/** A condition with a variable in it, of everything but a list of several. */
function comparedDiagram(atom: Atom, key: KeyLevels, context: Conditions): Diagram {
  const { diagrams } = context
  const { operator, quantifier } = atom.condition.use
  const settled = (one: KeyClass): boolean | undefined => {
    if (one.kind === 'absent') return atom.holdsAbsent
    if (one.kind === 'many') return false
    if (quantifier !== 'none' && one.shown && isNullSet(one.value)) return quantifier === 'all'
    if (typeof one.value === 'object' && one.value.length > 1) return atom.unclear
    return one.shown && isLong(String(one.value)) ? settledLong(atom, String(one.value)) : undefined
  }
  const isFree = ({ shown, value }: KeyClass): boolean => !shown || isLong(String(value))
  const matched = diagrams.or(
    atom.operands.map((operand) =>
      operand.pieces !== undefined && hasVariable(operand.pieces)
        ? context.matchTemplate({ on: key.name, flavour: operator.family, pieces: operand.pieces })
        : diagrams.oneOf(
            key.level,
            indices(key, ({ value }) => {
              const steps = stepsOf(operator.family, operand)
              return value !== undefined && steps !== undefined && matchesSteps(steps, String(value))
            }),
          ),
    ),
  )
  return diagrams.or([
    diagrams.oneOf(
      key.level,
      indices(key, (one) => settled(one) === true),
    ),
    diagrams.and([
      diagrams.oneOf(
        key.level,
        indices(key, (one) => settled(one) === undefined && !isFree(one)),
      ),
      operator.negated ? diagrams.not(matched) : matched,
    ]),
    diagrams.and([
      diagrams.oneOf(
        key.level,
        indices(key, (one) => settled(one) === undefined && isFree(one)),
      ),
      diagrams.oneOf(context.long(atom.id) ?? 0, [1]),
    ]),
  ])
}

/** When a statement speaks of the resource. */
export function resourceDiagram(
  source: Statement,
  variables: boolean,
  { diagrams, keyOf, matchTemplate, matchResource }: Conditions,
): Diagram {
  const written = source.Resource ?? source.NotResource
  if (written === undefined) return diagrams.always
  const patterns = listOf(written).map((pattern) => piecesOf(pattern, variables))
  const plain = patterns.filter((pieces) => !hasVariable(pieces))
  const matched = diagrams.or([
    matchResource(plain.map((pieces) => resourcePattern(pieces).name)),
    ...patterns.filter(hasVariable).map((pieces) => matchTemplate({ on: '', flavour: 'resource', pieces })),
  ])
  if (source.Resource !== undefined) return matched
  // A complement of what is not known applies where that refuses (`compileNotResource`).
  const unknown = diagrams.or(
    patterns.flat().flatMap((piece): readonly Diagram[] => {
      const key = piece.kind === 'variable' ? keyOf(piece.key) : undefined
      if (piece.kind !== 'variable' || key === undefined) return []
      return [
        diagrams.oneOf(
          key.level,
          indices(key, (one) => fillingOf(one, piece.fallback) === 'nothing'),
        ),
      ]
    }),
  )
  return source.Effect === 'Deny'
    ? diagrams.or([unknown, diagrams.not(matched)])
    : diagrams.and([diagrams.not(unknown), diagrams.not(matched)])
}

/** A list of several has members. */
export function soundList(key: KeyLevels, diagrams: Diagrams): readonly Diagram[] {
  if (key.members.length === 0) return []
  const isMany = diagrams.oneOf(key.level, key.many)
  return [diagrams.or([diagrams.not(isMany), ...key.memberLevels.map((level) => diagrams.oneOf(level, [1]))])]
}

function indices(key: KeyLevels, wanted: (one: KeyClass) => boolean): readonly number[] {
  return key.classes.flatMap((one, index) => (wanted(one) ? index : []))
}
