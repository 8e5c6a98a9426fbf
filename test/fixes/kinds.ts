import { houseRoot, isNode, isTest, nodes, readTree, type Source, type SyntaxNode } from '../house/source-tree.ts'

/** What makes a line for pasting; a `fix` is written by these and by nothing else. */
const makers = new Set(['commandLine', 'rootCommandLine', 'fixOf'])
const theirOwn = ['packages/core/src/access/command-line.ts', 'packages/manifest/src/explain/shell.ts']

/** A kind of printed command, by the room and the words that are the same each time, with how many places print it. */
export function kindsOfFix(): ReadonlyMap<string, number> {
  const kinds = new Map<string, number>()
  for (const source of product()) {
    for (const node of nodes(source)) {
      if (!isMaker(node)) continue
      const kind = [roomOf(source.path), ...firstWords(node)].join(' ')
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    }
  }
  return kinds
}

/** Where a `fix` is written as a text of its own: nothing quotes its words, and no kind counts it. */
export function fixesByHand(sources: readonly Source[] = product()): readonly string[] {
  return sources.flatMap((source) =>
    [...nodes(source)]
      .filter((node) => node.type === 'Property' && nameOf(node['key']) === 'fix' && isText(node['value']))
      .map((node) => `${source.path}: ${source.text.slice(node.start, node.end)}`),
  )
}

function product(): readonly Source[] {
  return readTree(houseRoot).files.filter(
    ({ path }) =>
      path.startsWith('packages/') && !isTest(path) && !path.endsWith('/testing.ts') && !theirOwn.includes(path),
  )
}

/** `packages/cli/src/verbs/allow.ts` → `cli`, `packages/server/src/ledger/lock.ts` → `server/ledger`. */
function roomOf(path: string): string {
  const [, name = '', , room = ''] = path.split('/')
  return name === 'server' && !room.endsWith('.ts') ? `${name}/${room}` : name
}

function isMaker(node: SyntaxNode): boolean {
  return node.type === 'CallExpression' && makers.has(nameOf(node['callee']))
}

function firstWords(call: SyntaxNode): readonly string[] {
  const words: string[] = []
  for (const argument of Array.isArray(call['arguments']) ? call['arguments'].filter(isNode) : []) {
    if (argument.type === 'Literal' && typeof argument['value'] === 'string') words.push(argument['value'])
    else if (words.length > 0) break
  }
  return words
}

function nameOf(node: unknown): string {
  return isNode(node) && typeof node['name'] === 'string' ? node['name'] : ''
}

function isText(node: unknown): boolean {
  if (!isNode(node)) return false
  if (node.type === 'ConditionalExpression') return isText(node['consequent']) || isText(node['alternate'])
  return node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node['value'] === 'string')
}
