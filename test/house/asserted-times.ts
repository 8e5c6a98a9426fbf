import { at, isNode, nodes, type Source, type SyntaxNode } from './source-tree.ts'

const clock = /^(performance\.now|Date\.now|process\.hrtime(\.bigint)?|process\.uptime)$/
const orders = /^toBe(Less|Greater)Than(OrEqual)?$|^toBeCloseTo$/
const passing = new Set(['Math', 'Number', 'BigInt'])

/**
 * Where a test compares something with a moment that it read from the machine's clock. What such a test shows is how
 * busy the machine is: it must look at an order, a state, or a clock of its own making.
 */
export function assertedTimes(source: Source): readonly string[] {
  const moments = namesOfMoments(source)
  const isMoment = (node: unknown): boolean => isTimed(node, moments, source)
  return [...nodes(source)]
    .filter((node) => {
      if (node.type !== 'CallExpression') return false
      const subject = asserted(node)
      if (subject === undefined) return false
      const matcher = nameOf(fieldOf(fieldOf(node, 'callee'), 'property'))
      if (orders.test(matcher)) return [...argumentsOf(node), ...argumentsOf(subject)].some(isMoment)
      return (
        node === subject &&
        [...within(argumentsOf(node))].some((inner) => compares(inner) && sides(inner).some(isMoment))
      )
    })
    .map((node) => at(source, node))
}

/** The `expect(…)` or `assert…(…)` at the root of a call; undefined for any other call. */
function asserted(call: SyntaxNode): SyntaxNode | undefined {
  for (let node: SyntaxNode | undefined = call; node !== undefined;) {
    const callee: SyntaxNode | undefined = node.type === 'CallExpression' ? fieldOf(node, 'callee') : undefined
    if (/^(expect|assert)$/.test(nameOf(callee) || nameOf(fieldOf(callee, 'object')))) return node
    node = callee ?? fieldOf(node, 'object')
  }
  return undefined
}

/** Names that stand for a moment, for a span between two, or for a function that gives one. */
function namesOfMoments(source: Source): ReadonlySet<string> {
  const names = new Set<string>()
  for (let before = -1; before < names.size;) {
    before = names.size
    for (const node of nodes(source)) {
      const given = node.type === 'VariableDeclarator' ? fieldOf(node, 'init') : node
      if (node.type !== 'VariableDeclarator' && node.type !== 'FunctionDeclaration') continue
      if (isTimed(given, names, source) || gives(given, names, source)) names.add(nameOf(fieldOf(node, 'id')))
    }
  }
  names.delete('')
  return names
}

function gives(node: SyntaxNode | undefined, names: ReadonlySet<string>, source: Source): boolean {
  const body = node !== undefined && /Function/.test(node.type) ? fieldOf(node, 'body') : undefined
  if (body === undefined) return false
  if (isTimed(body, names, source)) return true
  return [...within([body])].some(
    ({ type, argument }) => type === 'ReturnStatement' && isTimed(argument, names, source),
  )
}

function isTimed(value: unknown, names: ReadonlySet<string>, source: Source): boolean {
  if (!isNode(value)) return false
  const timed = (inner: unknown): boolean => isTimed(inner, names, source)
  switch (value.type) {
    case 'Identifier':
      return names.has(nameOf(value))
    case 'CallExpression': {
      const callee = fieldOf(value, 'callee')
      if (callee === undefined) return false
      if (clock.test(source.text.slice(callee.start, callee.end)) || names.has(nameOf(callee))) return true
      return passing.has(nameOf(callee) || nameOf(fieldOf(callee, 'object'))) && argumentsOf(value).some(timed)
    }
    case 'BinaryExpression':
      return !compares(value) && sides(value).some(timed)
    case 'LogicalExpression':
      return sides(value).some(timed)
    case 'ConditionalExpression':
      return timed(value['consequent']) || timed(value['alternate'])
    default:
      return /^(Await|Unary|Parenthesized|TSNonNull|TSAs)Expression$/.test(value.type)
        ? timed(value['argument'] ?? value['expression'])
        : false
  }
}

function compares(node: SyntaxNode): boolean {
  return node.type === 'BinaryExpression' && /^[<>]=?$/.test(String(node['operator']))
}

const sides = (node: SyntaxNode): readonly unknown[] => [node['left'], node['right']]

function argumentsOf(call: SyntaxNode): readonly SyntaxNode[] {
  return Array.isArray(call['arguments']) ? call['arguments'].filter(isNode) : []
}

function fieldOf(node: SyntaxNode | undefined, field: string): SyntaxNode | undefined {
  const value = node?.[field]
  return isNode(value) ? value : undefined
}

function nameOf(node: SyntaxNode | undefined): string {
  const name = node?.['name']
  return typeof name === 'string' ? name : ''
}

function* within(found: readonly SyntaxNode[]): Generator<SyntaxNode> {
  yield* nodes({ path: '', text: '', comments: [], body: found })
}
