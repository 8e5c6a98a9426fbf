import assert from 'node:assert/strict'
import { test } from 'node:test'

import { rules } from './house/rules.ts'
import { houseRoot, readTree, withTree } from './house/source-tree.ts'

const house = readTree(houseRoot)

for (const { promise, about, breaches, planted } of rules) {
  test(promise, () => {
    const files = house.files.filter(({ path }) => about(path))
    assert.ok(files.length > 0, 'saw no files: the rule would pass on nothing')
    assert.deepEqual(files.flatMap(breaches), [])
  })

  test(`${promise}: seen to fail on a planted breach`, () => {
    const [path, text] = planted
    assert.ok(about(path), 'the planted file is not one that the rule speaks of')
    assert.equal(withTree({ [path]: text }, (root) => readTree(root).files.flatMap(breaches)).length, 1)
  })
}
