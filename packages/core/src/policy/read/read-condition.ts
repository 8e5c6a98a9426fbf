import { isContextKey } from '../match/context-key.ts'
import type { Statement } from '../document.ts'
import { type Findings, note, type Place, readObject, refuseRepeated } from './findings.ts'
import type { JsonNode } from './json.ts'
import { operandProblem, type Scalar } from '../match/operand.ts'
import { operatorSpellings, readOperator } from '../match/operators.ts'
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
  return Object.fromEntries(
    blocks.members.map(({ key: operator, at: operatorAt, value }) => {
      const where = { path: `${at.path}.${operator}`, at: operatorAt }
      if (readOperator(operator) === undefined) {
        const meant = nearestWord(operator, operatorSpellings())
        note(
          findings,
          'policy.unknown_operator',
          where,
          `there is no condition operator ${JSON.stringify(operator)}`,
          meant,
        )
      }
      return [operator, readKeys(findings, operator, value, where, variables)]
    }),
  )
}

function readKeys(
  findings: Findings,
  operator: string,
  node: JsonNode,
  at: Place,
  variables: boolean,
): Record<string, readonly Scalar[]> {
  const keys = readObject(findings, node, { ...at, at: node.at }, `${operator} is an object of context keys`)
  if (keys === undefined) return {}
  if (keys.members.length === 0) note(findings, 'policy.empty', at, `${operator} names no context key`)
  // Keys compare without regard to case, so two spellings are one key twice.
  refuseRepeated(findings, keys, at, (key) => key.toLowerCase())
  return Object.fromEntries(
    keys.members.map(({ key, at: keyAt, value }) => {
      const where = { path: `${at.path}.${key}`, at: keyAt }
      if (!isContextKey(key)) {
        note(findings, 'policy.invalid_condition_key', where, `${JSON.stringify(key)} is not written prefix:name`)
      }
      return [key, readValues(findings, operator, value, where, variables)]
    }),
  )
}

function readValues(
  findings: Findings,
  operator: string,
  node: JsonNode,
  at: Place,
  variables: boolean,
): readonly Scalar[] {
  const items = node.kind === 'array' ? node.items : [node]
  if (items.length === 0) note(findings, 'policy.empty', { ...at, at: node.at }, 'the list of values is empty')
  const known = readOperator(operator)?.operator
  return items.flatMap((item): readonly Scalar[] => {
    const where = { path: at.path, at: item.at }
    if (item.kind !== 'string' && item.kind !== 'number' && item.kind !== 'boolean') {
      note(findings, 'policy.wrong_type', where, 'a condition value is a string, a number or a boolean')
      return []
    }
    // The digits as written: a double may already have lost some.
    const written = item.kind === 'number' && known?.family === 'number' ? item.raw : item.value
    const problem = known === undefined ? undefined : operandProblem(known, written, variables)
    if (problem !== undefined) {
      note(findings, problem.code, where, `${JSON.stringify(String(item.value).slice(0, 120))} ${problem.problem}`)
    }
    return [item.value]
  })
}
