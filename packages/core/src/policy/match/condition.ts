import type { ContextValue } from '@sallyport/core/access'

import type { ConditionValues } from '../document.ts'
import { type Facts, fact, onlyCopy } from './facts.ts'
import { compileOperands, type Scalar } from './operand.ts'
import { type Operator, type OperatorUse, readOperator } from './operators.ts'
import { readBoolean } from './values.ts'

/** One operator on one key, ready to be asked. */
export interface Condition {
  /** As written: `ForAnyValue:StringEquals`. */
  readonly operator: string
  readonly use: OperatorUse
  /** As written. */
  readonly key: string
  /** Lower-case. */
  readonly name: string
  readonly wanted: readonly Scalar[]
  /** The text to which one text of the request must be equal, or unequal where negated; undefined of all else. */
  readonly only: string | undefined
  readonly holds: (facts: Facts) => boolean
}

/** How the document that a condition stands in is read. */
export interface ConditionOptions {
  /** Whether `${…}` is a variable: Version 2012-10-17. */
  readonly variables: boolean
  /**
   * What counts where the question has no answer: a value that is no number, several values under an operator for one.
   * False in an Allow and true in a Deny, so that such a request is refused either way.
   */
  readonly unclear: boolean
}

/** Compiles one condition. Unknown operators throw; the reader has refused them before. */
export function compileCondition(
  text: string,
  key: string,
  values: ConditionValues,
  options: ConditionOptions,
): Condition {
  const use = readOperator(text)
  if (use === undefined) throw new TypeError(`unknown operator ${text}`)
  const wanted = typeof values === 'object' ? values : [values]
  const name = onlyCopy(key.toLowerCase())
  const only = use.quantifier === 'none' ? onlyText(use.operator, wanted, options.variables) : undefined
  return { operator: text, use, key, name, wanted, only, holds: compileHolds(use, name, wanted, options) }
}

function compileHolds(
  use: OperatorUse,
  name: string,
  wanted: readonly Scalar[],
  { variables, unclear }: ConditionOptions,
): (facts: Facts) => boolean {
  const { operator, quantifier, ifExists } = use
  if (operator.family === 'null') {
    const absences = new Set(wanted.map(readBoolean))
    return (facts) => absences.has(isNullSet(fact(facts, name)))
  }
  const matches = compileOperands(operator, wanted, variables)
  const { negated } = operator
  const one = (value: Scalar, facts: Facts): boolean => {
    const matched = matches(value, facts)
    return matched === undefined ? unclear : matched !== negated
  }
  switch (quantifier) {
    case 'none': {
      const absent = negated || ifExists
      const only = onlyText(operator, wanted, variables)
      return (facts) => {
        const value = fact(facts, name)
        if (value === undefined) return absent
        if (only !== undefined && typeof value === 'string') return (value === only) !== negated
        if (typeof value !== 'object') return one(value, facts)
        const [single] = value
        return single !== undefined && value.length === 1 ? one(single, facts) : unclear
      }
    }
    case 'all':
      return (facts) => {
        const value = fact(facts, name)
        if (value === undefined || isNullSet(value)) return true
        return typeof value === 'object' ? value.every((item) => one(item, facts)) : one(value, facts)
      }
    case 'any':
      // Also with IfExists: of no values, none matches.
      return (facts) => {
        const value = fact(facts, name)
        if (value === undefined || isNullSet(value)) return false
        return typeof value === 'object' ? value.some((item) => one(item, facts)) : one(value, facts)
      }
  }
}

/** The one text that is compared with as it stands. */
function onlyText({ family }: Operator, wanted: readonly Scalar[], variables: boolean): string | undefined {
  const [only] = wanted
  if (family !== 'string' || wanted.length !== 1) return undefined
  const text = String(only)
  return variables && text.includes('${') ? undefined : onlyCopy(text)
}

/**
 * No value, no values, or nothing but empty strings: what IAM calls a null data set. `ForAllValues` holds for it, so
 * `Null: false` must not, or a pair of them (which is how `own` is written) would let an empty key pass.
 */
export function isNullSet(value: ContextValue | undefined): boolean {
  if (value === undefined || value === '') return true
  return typeof value === 'object' && value.every((item) => item === '')
}
