import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fixesByHand, kindsOfFix } from './fixes/kinds.ts'
import { ofTheCommand } from './fixes/of-the-command.ts'
import { ofTheLedger } from './fixes/of-the-ledger.ts'
import { ofTheManifest } from './fixes/of-the-manifest.ts'
import { ofTheServer } from './fixes/of-the-server.ts'
import { shown } from './fixes/world.ts'
import { readTree, withTree } from './house/source-tree.ts'

// Whatever the product prints as a fix works when it is pasted: each kind is provoked, pasted into bash as it was
// printed, and the same question is asked again.

ofTheManifest()
ofTheCommand()
ofTheLedger()
ofTheServer()

test('nothing but the makers of commands writes a fix', () => {
  assert.deepEqual(fixesByHand(), [])
  const planted = { 'packages/aws/src/a.ts': "throw new SallyportError('a', 'b', { fix: `kill ${pid}` })" }
  assert.equal(withTree(planted, (root) => fixesByHand(readTree(root).files)).length, 1)
})

test('every kind of fix that the product prints has a case here, one for each place that prints it', () => {
  const printed = kindsOfFix()
  assert.ok(printed.size > 20, `saw ${printed.size} kinds: the check would pass on nothing`)
  assert.deepEqual(Object.fromEntries(shown), Object.fromEntries(printed))
})
