import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import type { Guard } from './guards/guard.ts'
import { guards } from './guards/guards.ts'
import { makeMutatedTree, type MutatedTree } from './guards/mutated-tree.ts'

// Each guard is taken out in a copy of the house; a test that keeps passing without it proves nothing.
// Two copies, for a guard at a time in each.
const idle: MutatedTree[] = []
const copies = 2

before(async () => {
  for (let count = 0; count < copies; count++) idle.push(await makeMutatedTree())
})

after(async () => {
  for (const tree of idle) await tree.remove()
})

test('the table of guards is not empty, and names none twice', () => {
  assert.ok(guards.length > 0)
  assert.equal(new Set(guards.map(({ name }) => name)).size, guards.length)
})

describe('a test fails once this is gone', { concurrency: copies }, () => {
  for (const guard of guards) {
    test(guard.name, async () => {
      const tree = idle.pop()
      assert.ok(tree, 'more guards at once than copies')
      try {
        const { failed, ran } = await tree.without(guard)
        assert.ok(ran.length > 0, 'no test ran, so none could notice')
        assert.ok(failed.length > 0, `${guard.noticedBy.join(', ')} passed without the guard`)
        assert.deepEqual(await failedControl(tree, guard), [], 'this fails with the guard in place as well')
      } finally {
        idle.push(tree)
      }
    })
  }
})

const controls = new Map<string, Promise<readonly string[]>>()

/** What fails of the same tests with every guard in place; asked once for the same tests. */
function failedControl(tree: MutatedTree, guard: Guard): Promise<readonly string[]> {
  const key = JSON.stringify([guard.noticedBy, guard.testName])
  const known = controls.get(key) ?? tree.withGuard(guard).then(({ failed }) => failed)
  controls.set(key, known)
  return known
}
