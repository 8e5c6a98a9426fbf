import { posix } from 'node:path'

import { assertedTimes } from './asserted-times.ts'
import { at, importsOf, isNode, isTest, nodes, type Source, type SyntaxNode } from './source-tree.ts'

/** One promise about the source, kept by looking at one file at a time. */
export interface Rule {
  /** A sentence that is true of the house. */
  readonly promise: string
  /** Which files it speaks of; the test asserts that there are some. */
  readonly about: (path: string) => boolean
  /** Where the file breaks it. */
  readonly breaches: (source: Source) => readonly string[]
  /** A file that breaks it once, to see the rule fail. */
  readonly planted: readonly [path: string, text: string]
}

const everything = (): boolean => true
const inPackages = (path: string): boolean => path.startsWith('packages/')
const product = (path: string): boolean => inPackages(path) && !isTest(path)

/** Finds nodes and says where they stand. */
const find =
  (matches: (node: SyntaxNode, source: Source) => boolean) =>
  (source: Source): string[] =>
    [...nodes(source)].filter((node) => matches(node, source)).map((node) => at(source, node))

const child = (node: SyntaxNode, field: string): SyntaxNode | undefined => {
  const value = node[field]
  return isNode(value) ? value : undefined
}
const nameOf = (node: SyntaxNode | undefined): unknown => node?.['name']
const castsTo =
  (names: readonly string[]) =>
  (node: SyntaxNode): boolean =>
    (node.type === 'TSAsExpression' || node.type === 'TSTypeAssertion') &&
    names.includes(String(nameOf(child(child(node, 'typeAnnotation') ?? node, 'typeName'))))

/** A template or a `+` whose text begins like an SQL statement and has something put into it. */
function buildsSql(node: SyntaxNode, source: Source): boolean {
  const sql =
    /^[`'"\s]*(select\s.+\sfrom|insert\s+into|update\s+\S+\s+set|delete\s+from|create\s+table|alter\s+table)\b/is
  if (node.type === 'TemplateLiteral') {
    return Array.isArray(node['expressions']) && node['expressions'].length > 0 && sql.test(textOf(source, node))
  }
  return node.type === 'BinaryExpression' && node['operator'] === '+' && sql.test(textOf(source, node))
}

/** `spawn(…, { shell: … })` and its like, whatever the value: a variable could be true. */
function startsShell(call: SyntaxNode): boolean {
  const callee = child(call, 'callee')
  const name = nameOf(callee?.type === 'MemberExpression' ? child(callee, 'property') : callee)
  if (!['spawn', 'spawnSync', 'execFile', 'execFileSync', 'fork'].includes(String(name))) return false
  const options = (Array.isArray(call['arguments']) ? call['arguments'] : []).filter(isNode)
  const properties = options.flatMap(({ properties: list }) => (Array.isArray(list) ? list.filter(isNode) : []))
  return properties.some((property) => nameOf(child(property, 'key')) === 'shell')
}

/** `server.listen(8444)`: 0 asks for any port. */
function listensAtItsOwnPort(call: SyntaxNode): boolean {
  const [port] = Array.isArray(call['arguments']) ? call['arguments'] : []
  const listens =
    call.type === 'CallExpression' && nameOf(child(child(call, 'callee') ?? call, 'property')) === 'listen'
  return listens && isNode(port) && port.type === 'Literal' && typeof port['value'] === 'number' && port['value'] > 0
}

const textOf = (source: Source, node: SyntaxNode): string => source.text.slice(node.start, node.end)

/** Tables and generated lists may be long; each is one fact per line. */
const tables: readonly string[] = [
  'scripts/error-codes.ts',
  // One fact per key of the manifest, nested as the keys are.
  'packages/manifest/src/source/grammar.ts',
  // One entry per guard of a room: the code, what stands there without it, who notices.
  'test/guards/aws.ts',
  'test/guards/egress.ts',
  'test/guards/guests.ts',
  'test/guards/identity.ts',
  'test/guards/hostile-answers.ts',
  'test/guards/manifest.ts',
  'test/guards/cli.ts',
  'test/guards/manifest-read.ts',
  // One line for each way in which a manifest is wrong.
  'packages/manifest/src/read/refusals.test.ts',
  'test/guards/ledger.ts',
  'test/guards/matching.ts',
  'test/guards/merkle.ts',
  'test/guards/operation.ts',
  'test/guards/secrets.ts',
]

const documented = /^\*/
/** Names exported in place: `export const a`, `export function b`, `export interface C`. */
function undocumented(source: Source): string[] {
  return source.body
    .filter((node) => node.type === 'ExportNamedDeclaration' && child(node, 'declaration') !== undefined)
    .filter((node) => {
      const before = source.comments.findLast(({ end }) => end <= node.start)
      const adjacent = before !== undefined && source.text.slice(before.end, node.start).trim() === ''
      return !(adjacent && before.type === 'Block' && documented.test(before.value))
    })
    .filter((node) => !isOverload(source, node))
    .map((node) => at(source, node))
}

/** The second and later signatures of one function need no comment of their own. */
function isOverload(source: Source, node: SyntaxNode): boolean {
  const name = (of: SyntaxNode | undefined): unknown => nameOf(child(child(of ?? node, 'declaration') ?? node, 'id'))
  const before = source.body[source.body.indexOf(node) - 1]
  return (
    before !== undefined && child(before, 'declaration')?.type === 'TSDeclareFunction' && name(before) === name(node)
  )
}

// Written in two halves, so that this list does not break its own rule.
const unfinished = ['TO-DO', 'FIX-ME', 'X-XX', 'HA-CK', 'not impl-emented', 'for n-ow', 'place-holder is', 'st-ubbed']
const forbidden = new RegExp(`\\b(${unfinished.map((word) => word.replace('-', '')).join('|')})\\b`)

const inPolicy = (path: string): boolean => path.startsWith('packages/core/src/policy/')

/** The house rules, one promise each. */
export const rules: readonly Rule[] = [
  {
    promise: 'the policy engine imports nothing but the nouns',
    about: (path) => inPolicy(path) && !isTest(path),
    breaches: (source) =>
      importsOf(source)
        .filter(({ specifier }) => specifier !== '@sallyport/core/access')
        .filter(({ specifier }) => !specifier.startsWith('.') || !inPolicy(posix.join(source.path, '..', specifier)))
        .map(({ node }) => at(source, node)),
    planted: ['packages/core/src/policy/read/a.ts', "import { append } from '../../ledger/index.ts'"],
  },
  {
    promise: 'the policy engine has no clock, no await and no throw',
    about: (path) => path === 'packages/core/src/policy/decide/decide.ts',
    breaches: find(
      (node, source) =>
        ['AwaitExpression', 'ThrowStatement'].includes(node.type) ||
        (node.type === 'MemberExpression' && /^(Date|performance|Math\.random)/.test(textOf(source, node))) ||
        (node.type === 'NewExpression' && nameOf(child(node, 'callee')) === 'Date'),
    ),
    planted: ['packages/core/src/policy/decide/decide.ts', 'export const decide = () => Date.now()'],
  },
  {
    promise: 'core knows nothing of Node',
    about: (path) => path.startsWith('packages/core/src/') && !isTest(path),
    breaches: (source) =>
      importsOf(source)
        .filter(({ specifier }) => specifier.startsWith('node:'))
        .map(({ node }) => at(source, node)),
    planted: ['packages/core/src/access/a.ts', "import { readFileSync } from 'node:fs'"],
  },
  {
    promise: 'names are exported, defaults are not, outside configuration files and examples',
    // Of the runner vitest takes the default export alone.
    about: (path) =>
      !/\.(config|d)\.ts$/.test(path) && !path.startsWith('examples/') && path !== 'test/mutants/runner.ts',
    breaches: find(({ type }) => type === 'ExportDefaultDeclaration'),
    planted: ['packages/aws/src/a.ts', 'export default 1'],
  },
  {
    promise: 'nothing has the type any',
    about: everything,
    breaches: find(({ type }) => type === 'TSAnyKeyword'),
    planted: ['packages/aws/src/a.ts', '/** A. */\nexport const a = (b: any): number => b'],
  },
  {
    promise: 'there are no enums',
    about: everything,
    breaches: find(({ type }) => type === 'TSEnumDeclaration'),
    planted: ['packages/aws/src/a.ts', 'enum A { b }'],
  },
  {
    promise: 'nobody claims to hold a receipt or a grant',
    about: (path) => !['packages/core/src/access/receipt.ts', 'packages/core/src/access/grant.ts'].includes(path),
    breaches: find(castsTo(['Receipt', 'Grant'])),
    planted: ['packages/server/src/gateway/a.ts', "const receipt = { decision: 'd' } as Receipt"],
  },
  {
    promise: 'only the ledger makes a receipt',
    about: (path) =>
      product(path) && !path.startsWith('packages/server/src/ledger/') && !path.startsWith('packages/core/src/access/'),
    breaches: (source) => importing(source, 'sealReceipt'),
    planted: ['packages/server/src/gateway/a.ts', "import { sealReceipt } from '@sallyport/core/access'"],
  },
  {
    promise: 'only administration makes a grant',
    about: (path) =>
      product(path) &&
      !path.startsWith('packages/server/src/administration/') &&
      !path.startsWith('packages/core/src/access/'),
    breaches: (source) => importing(source, 'sealGrant'),
    planted: ['packages/server/src/egress/a.ts', "import { sealGrant as mine } from '@sallyport/core/access'"],
  },
  {
    promise: 'the environment is read by programs, never by rooms',
    about: (path) => product(path) && !/^packages\/(cli\/|server\/src\/[^/]+$)/.test(path),
    breaches: find(
      (node, source) => node.type === 'MemberExpression' && /^process\s*\.\s*env$/.test(textOf(source, node)),
    ),
    planted: ['packages/server/src/vault/a.ts', "const key = process.env['KEY']"],
  },
  {
    promise: 'SQL is never built from strings',
    about: inPackages,
    breaches: find(buildsSql),
    planted: ['packages/server/src/stores/a.ts', 'const sql = `select * from users where name = ${name}`'],
  },
  {
    promise: 'no command goes through a shell',
    about: (path) => inPackages(path) || path.startsWith('examples/') || path.startsWith('scripts/'),
    breaches: (source) => [
      ...importing(source, 'exec'),
      ...importing(source, 'execSync'),
      ...find((node) => node.type === 'CallExpression' && startsShell(node))(source),
    ],
    planted: ['packages/server/src/host/a.ts', "import { exec } from 'node:child_process'"],
  },
  {
    promise: 'no text becomes code',
    about: everything,
    breaches: find(
      (node) =>
        (node.type === 'CallExpression' || node.type === 'NewExpression') &&
        ['eval', 'Function'].includes(String(nameOf(child(node, 'callee')))),
    ),
    planted: ['packages/core/src/policy/a.ts', "const f = new Function('return 1')"],
  },
  {
    promise: 'no test asserts how long something took',
    about: (path) => isTest(path) && !path.startsWith('bench/'),
    breaches: assertedTimes,
    planted: [
      'packages/aws/src/a.test.ts',
      'const began = performance.now()\nact()\nexpect(performance.now() - began).toBeLessThan(150)',
    ],
  },
  {
    promise: 'a test listens where the system gives it a port, and so beside any other',
    about: isTest,
    breaches: find(listensAtItsOwnPort),
    planted: ['packages/aws/src/a.test.ts', "createServer().listen(8444, '127.0.0.1')"],
  },
  {
    promise: 'every exported name has a doc comment',
    about: product,
    breaches: undocumented,
    planted: ['packages/aws/src/a.ts', '// a\nexport const a = 1'],
  },
  {
    promise: 'files stay under 300 lines unless they are one table',
    about: (path) => !tables.includes(path),
    breaches: ({ path, text }) => (text.split('\n').length > 301 ? [path] : []),
    planted: ['packages/aws/src/a.ts', '\n'.repeat(400)],
  },
  {
    promise: 'lines stay within 120 columns',
    about: everything,
    breaches: ({ path, text }) =>
      text.split('\n').flatMap((line, index) => (line.length > 120 ? [`${path}:${index + 1}`] : [])),
    planted: ['packages/aws/src/a.ts', `// ${'long '.repeat(30)}`],
  },
  {
    promise: 'nothing says that it is unfinished',
    about: everything,
    breaches: ({ path, text }) =>
      text.split('\n').flatMap((line, index) => (forbidden.test(line) ? [`${path}:${index + 1}`] : [])),
    planted: ['packages/aws/src/a.ts', `// ${['TO', 'DO'].join('')} later`],
  },
]

function importing(source: Source, name: string): string[] {
  return importsOf(source)
    .filter(({ names }) => names.includes(name))
    .map(({ node }) => at(source, node))
}
