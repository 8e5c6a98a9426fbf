import { isContextKey } from '../match/context-key.ts'
import type { Statement } from '../document.ts'
import { type Findings, note, type Place, readObject, refuseRepeated } from './findings.ts'
import type { JsonNode } from './json.ts'
import { operandProblem, type Scalar } from '../match/operand.ts'
import { type Operator, operatorSpellings, readOperator } from '../match/operators.ts'
import { nearestWord } from './suggest.ts'

/** Reads a Condition block. Adversary: a misspelt operator or key in a Deny, which would deny nothing. */
export function readCondition(
  findings: Findings,
  node: JsonNode,
  at: Place,
  variables: boolean,
): NonNullable<Statement['Condition']> {
  const blocks = readObject(findings, node, at, 'Condition is an object of operators')
  if (blocks === undefined) return {}
  refuseRepeated(findings, blocks, at)
  const read: Record<string, Record<string, readonly Scalar[]>> = {}
  for (const { key: operator, at: operatorAt, value } of blocks.members) {
    const where = { path: `${at.path}.${operator}`, at: operatorAt }
    const use = readOperator(operator)
    if (use === undefined) {
      const meant = nearestWord(operator, operatorSpellings())
      note(
        findings,
        'policy.unknown_operator',
        where,
        `there is no condition operator ${JSON.stringify(operator)}`,
        meant,
      )
    }
    const keys = readKeys(findings, { operator: use?.operator, text: operator }, value, where, variables)
    // What is no operator is not stored under its name, which may be one that objects have a meaning of their own for.
    if (use !== undefined) read[operator] = keys
  }
  return read
}

function readKeys(
  findings: Findings,
  { operator, text }: { readonly operator: Operator | undefined; readonly text: string },
  node: JsonNode,
  at: Place,
  variables: boolean,
): Record<string, readonly Scalar[]> {
  const keys = readObject(findings, node, { ...at, at: node.at }, `${text} is an object of context keys`)
  if (keys === undefined) return {}
  if (keys.members.length === 0) note(findings, 'policy.empty', at, `${text} names no context key`)
  // Keys compare without regard to case, so two spellings are one key twice.
  refuseRepeated(findings, keys, at, (key) => key.toLowerCase())
  const read: Record<string, readonly Scalar[]> = {}
  for (const { key, at: keyAt, value } of keys.members) {
    const where = { path: `${at.path}.${key}`, at: keyAt }
    const isKey = isContextKey(key)
    if (!isKey) {
      note(findings, 'policy.invalid_condition_key', where, `${JSON.stringify(key)} is not written prefix:name`)
    }
    const values = readValues(findings, operator, value, where, variables)
    // A key has a colon in it, so that none can be a name that objects have a meaning of their own for.
    if (isKey) read[key] = values
  }
  return read
}

function readValues(
  findings: Findings,
  operator: Operator | undefined,
  node: JsonNode,
  at: Place,
  variables: boolean,
): readonly Scalar[] {
  const items = node.kind === 'array' ? node.items : [node]
  if (items.length === 0) note(findings, 'policy.empty', { ...at, at: node.at }, 'the list of values is empty')
  return items.map((item): Scalar => {
    const where = { path: at.path, at: item.at }
    if (item.kind !== 'string' && item.kind !== 'number' && item.kind !== 'boolean') {
      note(findings, 'policy.wrong_type', where, 'a condition value is a string, a number or a boolean')
      return ''
    }
    // The digits as written: a double may already have lost some.
    const written = item.kind === 'number' && operator?.family === 'number' ? item.raw : item.value
    const problem = operator === undefined ? undefined : operandProblem(operator, written, variables)
    if (problem !== undefined) {
      note(findings, problem.code, where, `${JSON.stringify(String(item.value).slice(0, 120))} ${problem.problem}`)
    }
    return item.value
  })
}
