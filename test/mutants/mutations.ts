import { isNode, nodes, type Source, type SyntaxNode } from '../house/source-tree.ts'
import { child, endsSomething, isCheck, isNo, leavesWithNo, listOf, withoutParentheses } from './refusing.ts'

/** What is taken out of a line that refuses. */
export type Kind =
  /** The condition of a branch that says no: it is never true. */
  | 'guard'
  /** `throw`, a refusal that is given back or a check that is called: it is left out. */
  | 'statement'
  /** One side of `||` or `&&`, unless it asks for presence alone: as if it were not written. */
  | 'operand'
  /** `>` for `>=` and so on: the bound lies one further. */
  | 'bound'
  /** `x ?? refuse()`: the absent value goes on. */
  | 'fallback'

/** One way in which one place of a file is weaker. */
export interface Mutation {
  readonly kind: Kind
  /** From where to where in the text it is that is replaced. */
  readonly start: number
  readonly end: number
  /** What stands there then; undefined where a statement is left out. */
  readonly instead: string | undefined
}

const furtherBounds: ReadonlyMap<unknown, string> = new Map([
  ['<', '<='],
  ['<=', '<'],
  ['>', '>='],
  ['>=', '>'],
])

/** Every mutation of a file, in the order of its places. */
export function mutationsOf(source: Source): readonly Mutation[] {
  const found: Mutation[] = []
  const guarded = new Set<SyntaxNode>()
  const add = (kind: Kind, { start, end }: SyntaxNode, instead?: string): void => {
    found.push({ kind, start, end, instead })
  }
  for (const node of nodes(source)) {
    if (node.type === 'IfStatement') branch(node, add, guarded)
    else if (node.type === 'ConditionalExpression') choice(node, add)
    else if (node.type === 'LogicalExpression') operands(node, add)
    else if (node.type === 'BinaryExpression') bound(node, source, add)
    else if (node.type === 'ForStatement') guarded.add(child(node, 'test') ?? node)
    else if (node.type === 'ThrowStatement' || (node.type === 'ExpressionStatement' && isCheck(node))) {
      if (!guarded.has(node)) add('statement', node)
    } else if (node.type === 'ReturnStatement' && !guarded.has(node)) {
      const value = child(node, 'argument')
      if (value !== undefined && /^(Call|New)Expression$/.test(value.type) && isNo(value))
        add('statement', value, 'undefined')
    }
  }
  const counters = new Set([...guarded].filter(({ type }) => type === 'BinaryExpression').map(({ start }) => start))
  return found
    .filter(({ kind, start }) => kind !== 'bound' || !counters.has(start))
    .toSorted((one, other) => one.start - other.start || other.end - one.end)
}

type Add = (kind: Kind, node: SyntaxNode, instead?: string) => void

/** `if (bad) throw …`. What stands last in the branch is not left out on its own as well: it is the same mutation. */
function branch(node: SyntaxNode, add: Add, guarded: Set<SyntaxNode>): void {
  const test = child(node, 'test')
  const then = child(node, 'consequent')
  const otherwise = child(node, 'alternate')
  if (test === undefined || then === undefined) return
  for (const way of [then, otherwise]) {
    const last = way?.type === 'BlockStatement' ? listOf(way, 'body').at(-1) : way
    if (last !== undefined && leavesWithNo(last)) guarded.add(last)
  }
  if (leavesWithNo(then) || (otherwise === undefined && endsSomething(then))) add('guard', test, 'false')
  else if (otherwise !== undefined && leavesWithNo(otherwise)) add('guard', test, 'true')
}

/** `bad ? undefined : value`. */
function choice(node: SyntaxNode, add: Add): void {
  const test = child(node, 'test')
  const [then, otherwise] = [child(node, 'consequent'), child(node, 'alternate')]
  if (test === undefined || then === undefined || otherwise === undefined || isNo(then) === isNo(otherwise)) return
  add('guard', test, isNo(then) ? 'false' : 'true')
}

function operands(node: SyntaxNode, add: Add): void {
  const [left, right] = [child(node, 'left'), child(node, 'right')]
  if (left === undefined || right === undefined) return
  if (node['operator'] === '??') {
    if (/^(Call|New|Await)Expression$/.test(right.type) && isNo(right)) add('fallback', right, 'undefined')
    return
  }
  const nothing = node['operator'] === '&&' ? 'true' : 'false'
  for (const side of [left, right]) {
    // Of `a && b && c` the left is `a && b`, whose sides have their own turn.
    const bare = withoutParentheses(side)
    const same = bare.type === 'LogicalExpression' && bare['operator'] === node['operator']
    if (!same && !isPresence(side)) add('operand', side, nothing)
  }
}

/** `x !== undefined`, for which the types ask where what follows reads `x`: without it that throws, or says no. */
function isPresence(node: SyntaxNode): boolean {
  const absent = (side: SyntaxNode | undefined): boolean =>
    side !== undefined && (side['name'] === 'undefined' || (side.type === 'Literal' && side['value'] === null))
  return node.type === 'BinaryExpression' && (absent(child(node, 'left')) || absent(child(node, 'right')))
}

function bound(node: SyntaxNode, source: Source, add: Add): void {
  const further = furtherBounds.get(node['operator'])
  const { left, right } = node
  if (further === undefined || !isNode(left) || !isNode(right)) return
  const text = ({ start, end }: SyntaxNode): string => source.text.slice(start, end)
  add('bound', node, `(${text(left)}) ${further} (${text(right)})`)
}
