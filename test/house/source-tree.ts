import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { parseSync } from 'vite'

/** A node of the syntax tree: a `type`, a place, and fields that depend on the type. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** One file of the house, read and parsed. */
export interface Source {
  /** Relative to the top of the tree, with `/`. */
  readonly path: string
  readonly text: string
  readonly body: readonly SyntaxNode[]
  readonly comments: readonly {
    readonly type: string
    readonly value: string
    readonly start: number
    readonly end: number
  }[]
}

/** The files of one tree. Generated and installed things are not in it. */
export interface SourceTree {
  readonly root: string
  readonly files: readonly Source[]
}

/** The house itself. */
export const houseRoot: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const patterns = [
  'packages/*/src/**/*.ts',
  'examples/**/*.ts',
  'scripts/**/*.ts',
  'test/**/*.ts',
  'bench/**/*.ts',
  '*.config.ts',
]

/** Reads every TypeScript file of the house that stands under `root`. A file that does not parse is an error. */
export function readTree(root: string): SourceTree {
  const generated = /(^|\/)(node_modules|dist|\.sallyport|coverage)\//
  const paths = globSync(patterns, { cwd: root }).filter((path) => !generated.test(path))
  return { root, files: paths.toSorted().map((path) => parse(path, readFileSync(join(root, path), 'utf8'))) }
}

/** Parses one file. Throws a `SyntaxError` when it cannot be. */
export function parse(path: string, text: string): Source {
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message}`)
  // The parser's types name every shape of node; the rules ask for a `type` and read its fields.
  return { path, text, body: program.body as unknown as SyntaxNode[], comments }
}

/** Makes a tree of these files, gives it to `use`, and removes it. For planting a breach. */
export function withTree<Result>(files: Readonly<Record<string, string>>, use: (root: string) => Result): Result {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-house-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return use(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** Every node of a file, outermost first. */
export function* nodes(source: Source): Generator<SyntaxNode> {
  for (const node of source.body) yield* descend(node)
}

function* descend(value: unknown): Generator<SyntaxNode> {
  if (Array.isArray(value)) {
    for (const item of value) yield* descend(item)
  } else if (isNode(value)) {
    yield value
    for (const field of Object.values(value)) if (typeof field === 'object') yield* descend(field)
  }
}

/** True for something that the parser made. */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** `packages/core/src/a.ts:12`: where a node stands. */
export function at(source: Source, node: { readonly start: number }): string {
  return `${source.path}:${source.text.slice(0, node.start).split('\n').length}`
}

/** What a file imports: the module named, and the names taken (empty for a whole module or a dynamic import). */
export interface Import {
  readonly specifier: string
  readonly names: readonly string[]
  readonly node: SyntaxNode
}

/** Static, dynamic and type imports, and re-exports. */
export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  for (const node of nodes(source)) {
    const from = node['source']
    if (!isNode(from) || typeof from['value'] !== 'string') continue
    const names: string[] = []
    for (const specifier of Array.isArray(node['specifiers']) ? node['specifiers'] : []) {
      const name: unknown = isNode(specifier) ? (specifier['imported'] ?? specifier['local']) : undefined
      if (isNode(name) && typeof name['name'] === 'string') names.push(name['name'])
    }
    found.push({ specifier: from['value'], names, node })
  }
  return found
}

/** True for tests and what only tests use. */
export function isTest(path: string): boolean {
  return /(\.test|-contract)\.ts$|(^|\/)(test|testing|bench)\//.test(path)
}
