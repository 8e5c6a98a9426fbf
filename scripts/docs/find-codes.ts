import { isTest, nodes, type Source, type SourceTree, type SyntaxNode } from '../../test/house/source-tree.ts'

/** Things that are written like a code (`word.word`) and are none: files, and the kernel's own control files. */
const fileNames =
  /\.(json|ts|js|mjs|py|pem|key|sock|conf|txt|yaml|sqlite|ndjson|seg|bpf|pid|wasm|node|max|example|test|local)$/
const codesLikeFiles = new Set(['manifest.yaml', 'request.json'])
const kernelFiles = /^(cgroup|memory|cpu|pids|io|net)\./
const others = new Set(['kubernetes.io', 'index.handler', 'index.default', 'a.b'])

/** The attacks name themselves and the codes that they expect; what they throw is theirs. */
const onlyNamesCodes = /^packages\/cli\/src\/attacks\//

function isThrown(source: Source, node: SyntaxNode): boolean {
  return source.text.slice(0, node.start).trimEnd().endsWith('SallyportError(')
}

/** Every error and reason code that stands as a literal in the product's source, with the files that use it. */
export function findCodes(tree: SourceTree): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const source of tree.files) {
    if (!source.path.startsWith('packages/') || isTest(source.path)) continue
    for (const node of nodes(source)) {
      if (onlyNamesCodes.test(source.path) && !isThrown(source, node)) continue
      const text = node.type === 'Literal' ? node['value'] : undefined
      if (typeof text !== 'string' || !/^[a-z]+(-[a-z]+)*\.[a-z][a-z0-9_]*$/.test(text)) continue
      if ((fileNames.test(text) && !codesLikeFiles.has(text)) || kernelFiles.test(text) || others.has(text)) continue
      const files = found.get(text) ?? []
      if (!files.includes(source.path)) files.push(source.path)
      found.set(text, files)
    }
  }
  return found
}
