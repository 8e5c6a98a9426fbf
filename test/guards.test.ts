import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { guards } from './guards/guards.ts'
import { makeMutatedTree, type MutatedTree } from './guards/mutated-tree.ts'

// Each guard is taken out in a copy of the house; a test that keeps passing without it proves nothing.
let tree: MutatedTree

before(() => {
  tree = makeMutatedTree()
})

after(() => tree.remove())

test('the table of guards is not empty', () => {
  assert.ok(guards.length > 0)
})

for (const guard of guards) {
  test(`a test fails once this is gone: ${guard.name}`, async () => {
    const { failed, ran } = await tree.failuresWithout(guard)
    assert.ok(ran > 0, 'no test ran, so none could notice')
    assert.ok(failed.length > 0, `${guard.noticedBy.join(', ')} passed without the guard`)
  })
}
