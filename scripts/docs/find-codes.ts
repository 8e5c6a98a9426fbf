import { isTest, nodes, type SourceTree } from '../../test/house/source-tree.ts'

/** Things that are written like a code (`word.word`) and are none: files, and the kernel's own control files. */
const fileNames = /\.(json|ts|js|mjs|pem|key|sock|conf|txt|yaml|sqlite|ndjson|seg|bpf|pid|wasm|node|max|example|test|local)$/
const kernelFiles = /^(cgroup|memory|cpu|pids|io|net)\./
const others = new Set(['index.handler', 'index.default', 'a.b'])

/** Every error and reason code that stands as a literal in the product's source, with the files that use it. */
export function findCodes(tree: SourceTree): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const source of tree.files) {
    if (!source.path.startsWith('packages/') || isTest(source.path)) continue
    for (const node of nodes(source)) {
      const text = node.type === 'Literal' ? node['value'] : undefined
      if (typeof text !== 'string' || !/^[a-z]+(-[a-z]+)*\.[a-z][a-z0-9_]*$/.test(text)) continue
      if (fileNames.test(text) || kernelFiles.test(text) || others.has(text)) continue
      const files = found.get(text) ?? []
      if (!files.includes(source.path)) files.push(source.path)
      found.set(text, files)
    }
  }
  return found
}
