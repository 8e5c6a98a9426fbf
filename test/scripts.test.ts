import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { add, label, readOutcome, summary, writeOutcome } from '../scripts/outcome.ts'

const inFolder = (use: (file: string) => void): void => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-outcome-'))
  try {
    use(join(folder, 'outcome.json'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a test program that crashes before its first test counts as a failure', () => {
  inFolder((file) => {
    assert.deepEqual(readOutcome(file, 'vitest', 1).failed, ['vitest ended with 1 and left no result'])
  })
})

test('a test program that finds nothing to run counts as a failure', () => {
  inFolder((file) => {
    writeOutcome(file, { passed: 0, failed: [], skipped: [] })
    assert.deepEqual(readOutcome(file, 'vitest', 0).failed, ['vitest found no tests'])
  })
})

test('a test program that ends badly without naming a failure counts as a failure', () => {
  inFolder((file) => {
    writeOutcome(file, { passed: 3, failed: [], skipped: [] })
    assert.deepEqual(readOutcome(file, 'vitest', 1).failed, ['vitest ended with 1'])
    assert.deepEqual(readOutcome(file, 'vitest', 0).failed, [])
  })
})

test('the summary names every skip with its reason and every failure, and closes with the plain count', () => {
  const one = { passed: 2, failed: [], skipped: [{ name: 'wycheproof', reason: 'the folder is absent' }] }
  const other = label('unprivileged', { passed: 1, failed: ['a box starts'], skipped: [] })
  assert.equal(
    summary(add(one, other)),
    'Skipped:\n  wycheproof: the folder is absent\n' +
      'Failed:\n  unprivileged: a box starts\n3 passed, 1 failed, 1 skipped\n',
  )
})
