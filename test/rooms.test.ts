import assert from 'node:assert/strict'
import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import { test } from 'node:test'

import { floorPlan, roomOf } from './house/floor-plan.ts'
import {
  at,
  houseRoot,
  importsOf,
  isTest,
  readTree,
  type Source,
  type SourceTree,
  withTree,
} from './house/source-tree.ts'

const builtin = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)])

type Target =
  | { readonly kind: 'own' }
  | { readonly kind: 'room'; readonly room: string; readonly door: boolean }
  | { readonly kind: 'npm' | 'node'; readonly name: string }

/** What a specifier stands for, seen from the file that writes it. */
function targetOf(source: Source, specifier: string): Target {
  if (builtin.has(specifier) || specifier.startsWith('node:')) return { kind: 'node', name: specifier }
  if (specifier.startsWith('.')) {
    const path = posix.join(posix.dirname(source.path), specifier)
    const room = roomOf(path)
    return room === undefined || room === roomOf(source.path)
      ? { kind: 'own' }
      : { kind: 'room', room, door: path.endsWith('/index.ts') || (isTest(source.path) && isTest(path)) }
  }
  const [, name, subpath] = /^@sallyport\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? []
  if (name === undefined) {
    return {
      kind: 'npm',
      name: specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    }
  }
  if (name === 'core') return { kind: 'room', room: `core/${subpath ?? ''}`, door: !subpath?.includes('/') }
  return { kind: 'room', room: name === 'server' ? 'server/main' : name, door: subpath === undefined }
}

/** Every import that goes through a wall, or through a door that the floor plan does not show. */
function wallsBroken(tree: SourceTree): string[] {
  const broken: string[] = []
  for (const source of tree.files) {
    const room = roomOf(source.path)
    const plan = room === undefined ? undefined : floorPlan[room]
    if (room !== undefined && plan === undefined) broken.push(`${source.path}: ${room} is not on the floor plan`)
    for (const { specifier, node } of importsOf(source)) {
      const target = targetOf(source, specifier)
      const say = (why: string): number => broken.push(`${at(source, node)}: ${specifier}: ${why}`)
      if (target.kind === 'own') continue
      if (target.kind === 'room') {
        if (target.room === 'server/main') {
          if (room !== undefined) say('nothing imports main: it is where the rooms meet')
        } else if (!target.door) {
          say('only through the door of that room, its index.ts')
        } else if (plan && !isTest(source.path) && !allows(plan.rooms, target.room)) {
          say(`${room} may not import ${target.room}`)
        }
      } else if (plan && !isTest(source.path)) {
        if (target.kind === 'node' && !plan.node) say(`${room} runs in any JavaScript runtime`)
        if (target.kind === 'npm' && !allows(plan.npm, target.name))
          say(`${room} may not use the package ${target.name}`)
      }
    }
  }
  return broken
}

const allows = (list: readonly string[], name: string): boolean => list.includes(name) || list.includes('*')

test('every import crosses a wall only through a door on the floor plan', () => {
  const tree = readTree(houseRoot)
  const inRooms = tree.files.filter(({ path }) => roomOf(path) !== undefined)
  assert.ok(inRooms.length > 20, `saw ${inRooms.length} files: the check would pass on nothing`)
  assert.ok(inRooms.flatMap(importsOf).length > 20, 'saw no imports: the check would pass on nothing')
  assert.deepEqual(wallsBroken(tree), [])
})

const breaches: Readonly<Record<string, readonly [path: string, text: string]>> = {
  'the policy engine asks the ledger': [
    'packages/core/src/policy/a.ts',
    "import { append } from '@sallyport/core/ledger'",
  ],
  'the policy engine uses a package': ['packages/core/src/policy/a.ts', "import { z } from 'zod'"],
  'core reads a file': ['packages/core/src/identity/a.ts', "export { readFileSync } from 'node:fs'"],
  'core reads a file by the old name': ['packages/core/src/identity/a.ts', "import { readFileSync } from 'fs'"],
  'core loads a module late': ['packages/core/src/ledger/a.ts', "export const late = await import('node:fs')"],
  'core takes a type from the server': [
    'packages/core/src/access/a.ts',
    "import type { App } from '@sallyport/server'",
  ],
  'a room goes in by the window': ['packages/server/src/gateway/a.ts', "import { Engine } from '../host/engine.ts'"],
  'the vault asks the gateway': ['packages/server/src/vault/a.ts', "import { start } from '../gateway/index.ts'"],
  'a room imports main': ['packages/server/src/gateway/a.ts', "import { main } from '../main.ts'"],
  'the command loads the server': ['packages/cli/src/verbs/up.ts', "import { up } from '@sallyport/server'"],
  'a test goes in by the window': ['packages/server/src/api/a.test.ts', "import { seal } from '../vault/seal.ts'"],
  'an end-to-end test goes in by the window': [
    'test/e2e/a.test.ts',
    "import { x } from '../../packages/core/src/policy/decide/decide.ts'",
  ],
  'a room that nobody drew': ['packages/server/src/cellar/a.ts', 'export const wine = 1'],
}

for (const [breach, [path, text]] of Object.entries(breaches)) {
  test(`the floor plan is seen to fail when ${breach}`, () => {
    const broken = withTree({ [path]: text }, (root) => wallsBroken(readTree(root)))
    assert.equal(broken.length, 1, broken.join('\n'))
    assert.ok(broken[0]?.startsWith(path))
  })
}

test('the floor plan lets a room use its own files and the doors it is given', () => {
  const files = {
    'packages/core/src/policy/a.ts':
      "import { b } from './b.ts'\nimport type { Decision } from '@sallyport/core/access'",
    'packages/server/src/gateway/a.ts':
      "import { createServer } from 'node:http'\nimport { Ajv } from 'ajv/dist/2020.js'",
    'packages/server/src/main.ts': "import { startGateway } from './gateway/index.ts'",
    'packages/core/src/identity/a.test.ts': "import { readFileSync } from 'node:fs'",
    'test/e2e/a.test.ts': "import { top } from '../../scripts/run.ts'\nimport { x } from '../house/source-tree.ts'",
  }
  assert.deepEqual(
    withTree(files, (root) => wallsBroken(readTree(root))),
    [],
  )
})
