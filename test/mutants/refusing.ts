import { isNode, type SyntaxNode } from '../house/source-tree.ts'

/** Words in the names of functions and values that say no. */
const saysNo = new RegExp(
  [
    'refus|den(y|ied|ial)|reject|forbid|fail|invalid|malformed|unreadable|unknown|wrong|broken|fault',
    'error|missing|notFound|stale|raise|problem|abort|none\\b|nobody|never',
  ].join('|'),
  'i',
)
/** Names of functions that end something. */
const ends = /^(delete|destroy|close|end|abort|drop\w*|release|clear|cancel|kill|revoke|reset|forget\w*|shift|pop)$/
/** Names of functions that throw unless all is well. */
const checks = new RegExp(
  [
    '^(assert|check|refuse|require|demand|verify|ensure|must|expect|deny|reject|forbid|guard|validate|fail|throw',
    '|raise)([A-Z]\\w*)?$',
  ].join(''),
)

/** The statement by which a branch is left with a no: thrown, returned, or the loop goes on without what was asked. */
export function leavesWithNo(statement: SyntaxNode | undefined): boolean {
  if (statement === undefined) return false
  if (statement.type === 'BlockStatement') return leavesWithNo(listOf(statement, 'body').at(-1))
  if (['ThrowStatement', 'ContinueStatement', 'BreakStatement'].includes(statement.type)) return true
  return statement.type === 'ReturnStatement' && isNo(child(statement, 'argument'))
}

/** A branch that ends something and gives back nothing: `if (names.size > maxNames) names.delete(oldest)`. */
export function endsSomething(statement: SyntaxNode): boolean {
  if (statement.type === 'BlockStatement') {
    const body = listOf(statement, 'body')
    return body.length > 0 && body.every(endsSomething)
  }
  if (statement.type !== 'ExpressionStatement') return false
  const name = calledName(child(statement, 'expression'))
  return name !== undefined && (ends.test(name) || saysNo.test(name))
}

/** A statement that is nothing but the call of a check. */
export function isCheck(statement: SyntaxNode): boolean {
  const name = calledName(child(statement, 'expression'))
  return name !== undefined && checks.test(name)
}

/** A value that says no: nothing, false, empty, a code, or what a function gives back whose name says no. */
export function isNo(value: SyntaxNode | undefined): boolean {
  if (value === undefined) return true
  switch (value.type) {
    case 'Literal':
      return value['value'] === false || value['value'] === null || typeof value['value'] === 'string'
    case 'Identifier':
      return value['name'] === 'undefined' || saysNo.test(String(value['name']))
    case 'MemberExpression':
      return saysNo.test(nameOf(child(value, 'property')) ?? '')
    case 'ArrayExpression':
      return listOf(value, 'elements').length === 0
    case 'ObjectExpression':
      return listOf(value, 'properties').some(
        (property) =>
          saysNo.test(nameOf(child(property, 'key')) ?? '') || saysNo.test(textOf(child(property, 'value')) ?? ''),
      )
    case 'UnaryExpression':
      return value['operator'] === 'void'
    case 'CallExpression':
    case 'NewExpression': {
      const name = calledName(value) ?? ''
      return saysNo.test(name) || (name === 'resolve' && listOf(value, 'arguments').every(isNo))
    }
    default: {
      const inner = within(value)
      return inner !== undefined && isNo(inner)
    }
  }
}

/** The expression under `await` and what types need. */
function within(value: SyntaxNode): SyntaxNode | undefined {
  const field = value.type === 'AwaitExpression' ? 'argument' : 'expression'
  return [
    'AwaitExpression',
    'TSAsExpression',
    'TSNonNullExpression',
    'TSSatisfiesExpression',
    'ChainExpression',
    'ParenthesizedExpression',
  ].includes(value.type)
    ? child(value, field)
    : undefined
}

/** The last name of what is called: `refuse` of `this.refuse(…)`, `await refuse(…)` and `void refuse(…)`. */
function calledName(value: SyntaxNode | undefined): string | undefined {
  if (value === undefined) return undefined
  if (value.type === 'UnaryExpression' && value['operator'] === 'void') return calledName(child(value, 'argument'))
  if (value.type !== 'CallExpression' && value.type !== 'NewExpression') return calledName(within(value))
  const callee = child(value, 'callee')
  return nameOf(callee?.type === 'MemberExpression' ? child(callee, 'property') : callee)
}

/** What stands in parentheses, however many. */
export function withoutParentheses(value: SyntaxNode): SyntaxNode {
  const inner = value.type === 'ParenthesizedExpression' ? child(value, 'expression') : undefined
  return inner === undefined ? value : withoutParentheses(inner)
}

/** A field that is a node. */
export function child(node: SyntaxNode, field: string): SyntaxNode | undefined {
  const value = node[field]
  return isNode(value) ? value : undefined
}

/** A field that is a list of nodes. */
export function listOf(node: SyntaxNode, field: string): readonly SyntaxNode[] {
  const value = node[field]
  return Array.isArray(value) ? value.filter(isNode) : []
}

function nameOf(node: SyntaxNode | undefined): string | undefined {
  const name = node?.['name']
  return typeof name === 'string' ? name : undefined
}

function textOf(node: SyntaxNode | undefined): string | undefined {
  const value = node?.['value']
  return typeof value === 'string' ? value : undefined
}
