import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { allCodes, codesAmiss } from '../scripts/docs/errors.ts'
import { findCodes } from '../scripts/docs/find-codes.ts'
import { placesOf } from './guards/guard.ts'
import { guards } from './guards/guards.ts'
import { assertedTimes } from './house/asserted-times.ts'
import { broughtAlong, budgets, readLock } from './house/dependencies.ts'
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

for (const [name, most] of Object.entries(budgets)) {
  test(`packages/${name} brings along at most ${most} packages of others`, () => {
    const brought = broughtAlong(readLock(houseRoot), name)
    assert.ok(brought.size > 0, 'saw none: the check would pass on nothing')
    assert.ok(brought.size <= most, `${brought.size}: ${[...brought].join(' ')}`)
  })
}

test('every package of the house has a budget, and a new dependency is seen to break it', () => {
  const lock = readLock(houseRoot)
  const ours = Object.keys(lock).filter((folder) => /^packages\/[a-z]+$/.test(folder))
  assert.deepEqual(ours.map((folder) => folder.slice(9)).toSorted(), Object.keys(budgets).toSorted())
  const core = { ...lock['packages/core'], dependencies: { jose: '6', yaml: '2' } }
  assert.equal(broughtAlong({ ...lock, 'packages/core': core }, 'core').size, 2)
})

test('docs/errors.md names exactly the codes that stand in the source', () => {
  const found = findCodes(house)
  assert.ok(found.size > 50, 'saw few codes: the check would pass on nothing')
  assert.deepEqual(codesAmiss(found.keys(), Object.keys(allCodes)), [])
})

test('docs/errors.md: a code that nobody documented and one that nobody uses are seen', () => {
  const text = "throw new SallyportError('vault.on_fire', 'flames')"
  const found = withTree({ 'packages/server/src/vault/a.ts': text }, (root) => findCodes(readTree(root)))
  assert.deepEqual(codesAmiss(found.keys(), ['vault.flooded']), [
    'vault.on_fire is used and not in scripts/error-codes.ts',
    'vault.flooded is in scripts/error-codes.ts and not used',
  ])
})

test('no command goes through a shell: a spawn with a shell is seen too', () => {
  const rule = rules.find(({ promise }) => promise === 'no command goes through a shell')
  assert.ok(rule)
  const text = "child.spawn('ls', [name], { shell: yes })"
  const path = 'packages/server/src/host/a.ts'
  assert.equal(withTree({ [path]: text }, (root) => readTree(root).files.flatMap(rule.breaches)).length, 1)
})

const timed = [
  'const elapsed = () => performance.now() - began\nassert.ok(elapsed() < 150)',
  'async function tookMs() {\n  return Date.now() - before\n}\nexpect(await tookMs()).not.toBeGreaterThan(9)',
  'expect(Math.abs(at - Date.now() / 1000)).toBeLessThan(10)',
  'assert(5 > Number(process.hrtime.bigint() - start))',
  'expect(performance.now() - start < 150).toBe(true)',
]

test('no test asserts how long something took: each way of asserting it is seen, and no deadline is', () => {
  const breachesOf = (text: string): number => {
    const files = { 'packages/aws/src/a.test.ts': text }
    return withTree(files, (root) => readTree(root).files.flatMap(assertedTimes)).length
  }
  assert.deepEqual(timed.map(breachesOf), [1, 1, 1, 1, 1])
  assert.equal(breachesOf('const until = Date.now() + 9\nwhile (Date.now() < until) await look()'), 0)
  assert.equal(breachesOf('const busy = call({ deadline: Date.now() + 9 })\nexpect(busy.length).toBeGreaterThan(3)'), 0)
})

test('no two guards have one name', () => {
  const seen = new Set<string>()
  assert.deepEqual(
    guards.flatMap(({ name }) => (seen.size === seen.add(name).size ? [name] : [])),
    [],
  )
})

test('every guard stands exactly once where its entry says', () => {
  const textOf = (file: string): string =>
    existsSync(join(houseRoot, file)) ? readFileSync(join(houseRoot, file), 'utf8') : ''
  const timesIn = (file: string, code: string): number => textOf(file).split(code).length - 1
  const places = guards.flatMap((guard) => placesOf(guard).map((place) => ({ name: guard.name, ...place })))
  assert.ok(places.length > 0)
  const astray = places.filter(({ file, code }) => timesIn(file, code) !== 1)
  assert.deepEqual(
    astray.map(({ name, file }) => `${name}: ${file}`),
    [],
  )
  assert.equal(timesIn('test/house.test.ts', 'a guard that stands nowhere'.toUpperCase()), 0)
})
