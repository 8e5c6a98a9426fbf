/** What an operator compares, and so how both sides are read. */
export type Family =
  | 'string'
  | 'folded-string'
  | 'pattern'
  | 'number'
  | 'date'
  | 'boolean'
  | 'binary'
  | 'address'
  | 'arn'
  | 'null'

/** How a number or a date of the request relates to the policy's. */
export type Relation = 'equal' | 'less' | 'less-or-equal' | 'greater' | 'greater-or-equal'

/** One row of the table of operators: what it compares, and which way. */
export interface Operator {
  readonly name: string
  readonly family: Family
  /** A negated operator holds where none of the policy's values matches, and where the key is absent. */
  readonly negated: boolean
  readonly relation: Relation
}

const row = (name: string, family: Family, negated = false, relation: Relation = 'equal'): [string, Operator] => [
  name,
  { name, family, negated, relation },
]

/** All operators (IAM, "IAM JSON policy elements: Condition operators"). Spelled so, and in no other way. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  row('StringEquals', 'string'),
  row('StringNotEquals', 'string', true),
  row('StringEqualsIgnoreCase', 'folded-string'),
  row('StringNotEqualsIgnoreCase', 'folded-string', true),
  row('StringLike', 'pattern'),
  row('StringNotLike', 'pattern', true),
  row('NumericEquals', 'number'),
  row('NumericNotEquals', 'number', true),
  row('NumericLessThan', 'number', false, 'less'),
  row('NumericLessThanEquals', 'number', false, 'less-or-equal'),
  row('NumericGreaterThan', 'number', false, 'greater'),
  row('NumericGreaterThanEquals', 'number', false, 'greater-or-equal'),
  row('DateEquals', 'date'),
  row('DateNotEquals', 'date', true),
  row('DateLessThan', 'date', false, 'less'),
  row('DateLessThanEquals', 'date', false, 'less-or-equal'),
  row('DateGreaterThan', 'date', false, 'greater'),
  row('DateGreaterThanEquals', 'date', false, 'greater-or-equal'),
  row('Bool', 'boolean'),
  row('BinaryEquals', 'binary'),
  row('IpAddress', 'address'),
  row('NotIpAddress', 'address', true),
  row('ArnEquals', 'arn'),
  row('ArnLike', 'arn'),
  row('ArnNotEquals', 'arn', true),
  row('ArnNotLike', 'arn', true),
  row('Null', 'null'),
])

/** An operator as it stands in a document, with its prefix and suffix read. */
export interface OperatorUse {
  readonly operator: Operator
  /** `all` for `ForAllValues:`, `any` for `ForAnyValue:`. */
  readonly quantifier: 'none' | 'all' | 'any'
  readonly ifExists: boolean
}

/** Reads `ForAnyValue:StringLikeIfExists`; undefined when there is no such operator. */
export function readOperator(text: string): OperatorUse | undefined {
  return uses.get(text)
}

function readSpelling(text: string): OperatorUse | undefined {
  const colon = text.indexOf(':')
  const prefix = text.slice(0, colon + 1)
  const quantifier = prefix === '' ? 'none' : quantifiers.get(prefix)
  const ifExists = text.endsWith('IfExists')
  const operator = operators.get(text.slice(colon + 1, ifExists ? -'IfExists'.length : undefined))
  if (operator === undefined || quantifier === undefined) return undefined
  // Null asks for presence itself: with either addition it would ask nothing.
  if (operator.family === 'null' && (ifExists || quantifier !== 'none')) return undefined
  return { operator, quantifier, ifExists }
}

const quantifiers: ReadonlyMap<string, 'all' | 'any'> = new Map([
  ['ForAllValues:', 'all'],
  ['ForAnyValue:', 'any'],
])

/** Every operator as it can be written. */
const uses: ReadonlyMap<string, OperatorUse> = new Map(
  [...operators.keys()]
    .flatMap((name) =>
      ['', ...quantifiers.keys()].flatMap((prefix) => [`${prefix}${name}`, `${prefix}${name}IfExists`]),
    )
    .flatMap((text) => {
      const use = readSpelling(text)
      return use === undefined ? [] : [[text, use] as const]
    }),
)

/** Every spelling there is, for suggestions. */
export function operatorSpellings(): Iterable<string> {
  return uses.keys()
}
