import { isArnPattern, matchArn } from './arn.ts'
import type { Facts } from './facts.ts'
import type { Problem } from '../fault.ts'
import { codesOf, compileGlob, resolveCodes, type TextMatcher } from './glob.ts'
import { limits } from '../limits.ts'
import { inNetwork, readAddress, readNetwork } from './network.ts'
import type { Family, Operator, Relation } from './operators.ts'
import { literalText, parseTemplate, type Piece, resolveText, type TemplateOptions } from './template.ts'
import { readBinary, readBoolean, readDate, readNumber } from './values.ts'

/** One value of a condition, in the policy or in the request. Each operator says how it reads it. */
export type Scalar = string | number | boolean

/**
 * Whether one value of the request matches any of the policy's. Undefined when that value cannot be read as the
 * operator's kind.
 */
export type OperandMatcher = (value: Scalar, facts: Facts) => boolean | undefined

/**
 * Which families take policy variables, and whether `*` and `?` are wildcards there (IAM, "Where you can use
 * policy variables").
 */
const templateRules: Partial<Record<Family, { readonly wildcards: boolean }>> = {
  string: { wildcards: false },
  'folded-string': { wildcards: false },
  pattern: { wildcards: true },
  arn: { wildcards: true },
}

/** What is wrong with a value of the policy under this operator; undefined when nothing is. */
export function operandProblem(operator: Operator, value: Scalar, variables: boolean): Problem | undefined {
  const text = String(value)
  if (text.length > limits.operandLength) {
    return { code: 'policy.too_large', problem: `is longer than ${limits.operandLength} characters` }
  }
  const options = templateRules[operator.family]
  if (options !== undefined) {
    const template = parseTemplate(text, { ...options, variables })
    if ('problem' in template) return { code: 'policy.invalid_variable', problem: `is not valid: ${template.problem}` }
    if (operator.family !== 'arn' || isArnPattern(template.pieces)) return undefined
    return { code: 'policy.invalid_arn', problem: 'is not an ARN of six parts' }
  }
  if (readOperand(operator.family, value) !== undefined) return undefined
  return { code: 'policy.invalid_operand', problem: unreadable[operator.family] ?? 'cannot be read' }
}

const unreadable: Partial<Record<Family, string>> = {
  number: 'is not a decimal number of at most 15 digits',
  date: 'is not a date such as 2026-01-31T12:00:00Z',
  boolean: 'is neither true nor false',
  null: 'is neither true nor false',
  binary: 'is not base64',
  address: 'is not an IP address or CIDR block',
}

function readOperand(family: Family, value: Scalar): unknown {
  switch (family) {
    case 'number':
      return readNumber(value)
    case 'date':
      return readDate(value)
    case 'boolean':
    case 'null':
      return readBoolean(value)
    case 'binary':
      return readBinary(value)
    case 'address':
      return typeof value === 'string' ? readNetwork(value) : undefined
    case 'string':
    case 'folded-string':
    case 'pattern':
    case 'arn':
      return value
  }
}

/**
 * Compiles the policy's values, all of which `operandProblem` has passed. `Null` compares nothing and is not
 * compiled here.
 */
export function compileOperands(operator: Operator, values: readonly Scalar[], variables: boolean): OperandMatcher {
  const templated = (options: Omit<TemplateOptions, 'variables'>): readonly (readonly Piece[])[] =>
    values.map((value) => {
      const template = parseTemplate(String(value), { ...options, variables })
      if ('problem' in template) throw new TypeError(template.problem)
      return template.pieces
    })
  switch (operator.family) {
    case 'string':
      return compileStrings(templated({ wildcards: false }), (text) => text)
    case 'folded-string':
      return compileStrings(templated({ wildcards: false }), (text) => text.toLowerCase())
    case 'pattern':
      return compileAny(templated({ wildcards: true }).map(compileGlob))
    case 'arn':
      return compileAny(templated({ wildcards: true }).map(compileArn))
    case 'number':
      return compileOrdered(values.map(readNumber), readNumber, operator.relation)
    case 'date':
      return compileOrdered(values.map(readDate), readDate, operator.relation)
    case 'boolean':
      return compileEqual(values.map(readBoolean), readBoolean)
    case 'binary':
      return compileEqual(values.map(readBinary), readBinary)
    case 'address':
      return compileNetworks(values)
    case 'null':
      return () => undefined
  }
}

function compileStrings(operands: readonly (readonly Piece[])[], fold: (text: string) => string): OperandMatcher {
  const literals = new Set<string>()
  const templates: (readonly Piece[])[] = []
  for (const pieces of operands) {
    const literal = literalText(pieces)
    if (literal === undefined) templates.push(pieces)
    else literals.add(fold(literal))
  }
  const [only] = literals
  if (templates.length === 0 && literals.size === 1) return (value) => fold(String(value)) === only
  if (templates.length === 0) return (value) => literals.has(fold(String(value)))
  return (value, facts) => {
    const text = fold(String(value))
    if (literals.has(text)) return true
    for (const pieces of templates) {
      const operand = resolveText(pieces, facts)
      if (operand !== undefined && fold(operand) === text) return true
    }
    return false
  }
}

/** Undefined only when nothing matched and something could not be asked. */
function compileAny(matchers: readonly TextMatcher[]): OperandMatcher {
  return (value, facts) => {
    const text = String(value)
    let unclear = false
    for (const matches of matchers) {
      const matched = matches(text, facts)
      if (matched === true) return true
      if (matched === undefined) unclear = true
    }
    return unclear ? undefined : false
  }
}

function compileArn(pieces: readonly Piece[]): TextMatcher {
  const fixed = pieces.some((piece) => piece.kind === 'variable') ? undefined : codesOf(pieces)
  return (text, facts) => {
    if (text.length > limits.matchedLength) return undefined
    const codes = fixed ?? resolveCodes(pieces, facts)
    return codes !== undefined && matchArn(codes, text)
  }
}

const relations: Readonly<Record<Relation, (value: number, operand: number) => boolean>> = {
  equal: (value, operand) => value === operand,
  less: (value, operand) => value < operand,
  'less-or-equal': (value, operand) => value <= operand,
  greater: (value, operand) => value > operand,
  'greater-or-equal': (value, operand) => value >= operand,
}

function compileOrdered(
  read: readonly (number | undefined)[],
  reader: (value: Scalar) => number | undefined,
  relation: Relation,
): OperandMatcher {
  const operands = read.filter((operand) => operand !== undefined)
  const holds = relations[relation]
  return (value) => {
    const number = reader(value)
    return number === undefined ? undefined : operands.some((operand) => holds(number, operand))
  }
}

function compileEqual<T>(
  operands: readonly (T | undefined)[],
  reader: (value: Scalar) => T | undefined,
): OperandMatcher {
  return (value) => {
    const read = reader(value)
    return read === undefined ? undefined : operands.includes(read)
  }
}

function compileNetworks(values: readonly Scalar[]): OperandMatcher {
  const networks = values.map((value) => readNetwork(String(value))).filter((network) => network !== undefined)
  return (value) => {
    const address = typeof value === 'string' ? readAddress(value) : undefined
    if (address === undefined) return undefined
    for (let at = 0; at < networks.length; at += 1) {
      const network = networks[at]
      if (network !== undefined && inNetwork(address, network)) return true
    }
    return false
  }
}
