import type { ContextValue } from '@sallyport/core/access'

import type { ConditionValues, Statement } from '../../document.ts'
import { compileCondition, type Condition } from '../../match/condition.ts'
import { type Facts, noFacts } from '../../match/facts.ts'
import { compileOperands, type Scalar } from '../../match/operand.ts'
import type { Family } from '../../match/operators.ts'
import { parseTemplate } from '../../match/template.ts'
import type { Operand } from './scalars.ts'

/** One operator on one key, as it stands in statements of one effect and version. */
export interface Atom {
  /** Equal for two that always hold together. */
  readonly id: string
  readonly condition: Condition
  readonly operands: readonly Operand[]
  /** Keys that stand as variables in the values, lower-case, each once. */
  readonly variables: readonly string[]
  /** What counts where the question has no answer: see `ConditionOptions.unclear`. */
  readonly unclear: boolean
  /** Whether it holds where nothing is in the context. */
  readonly holdsAbsent: boolean
  /** Whether one member of a list satisfies the operator; only where there are no variables. */
  readonly holdsForOne: (value: Scalar) => boolean
}

/** The conditions of a statement, taken apart. `variables` is whether `${…}` is one in its document. */
export function atomsOf(source: Statement, variables: boolean): readonly Atom[] {
  const unclear = source.Effect === 'Deny'
  return Object.entries(source.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => atomOf(operator, key, values, { variables, unclear })),
  )
}

function atomOf(
  operator: string,
  key: string,
  values: ConditionValues,
  options: { readonly variables: boolean; readonly unclear: boolean },
): Atom {
  const condition = compileCondition(operator, key, values, options)
  const { family, negated } = condition.use.operator
  const operands = condition.wanted.map((value) => ({ value, pieces: piecesOf(family, value, options.variables) }))
  const names = operands.flatMap(({ pieces = [] }) =>
    pieces.flatMap((piece) => (piece.kind === 'variable' ? [piece.key] : [])),
  )
  const matches = compileOperands(condition.use.operator, condition.wanted, options.variables)
  return {
    id: JSON.stringify([
      operator,
      condition.name,
      condition.wanted,
      // Also of the literals `${*}`, which an older document writes out.
      options.variables && condition.wanted.some((value) => String(value).includes('${')),
      options.unclear,
    ]),
    condition,
    operands,
    variables: [...new Set(names)],
    unclear: options.unclear,
    holdsAbsent: condition.holds(noFacts),
    holdsForOne: (value) => {
      const matched = matches(value, noFacts)
      return matched === undefined ? options.unclear : matched !== negated
    },
  }
}

function piecesOf(family: Family, value: Scalar, variables: boolean): Operand['pieces'] {
  if (!templated.has(family)) return undefined
  const template = parseTemplate(String(value), { wildcards: family === 'pattern' || family === 'arn', variables })
  if ('problem' in template) throw new TypeError(template.problem)
  return template.pieces
}

const templated: ReadonlySet<Family> = new Set<Family>(['string', 'folded-string', 'pattern', 'arn'])

/** Facts of a request of which only the context matters. */
export function factsOf(context: ReadonlyMap<string, ContextValue>): Facts {
  return { ...noFacts, names: [...context.keys()], values: [...context.values()] }
}
