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
    const failed = [{ name: 'vitest', reason: 'it ended with 1 and left no result' }]
    assert.deepEqual(readOutcome(file, 'vitest', 1).failed, failed)
  })
})

test('a test program that finds nothing to run counts as a failure', () => {
  inFolder((file) => {
    writeOutcome(file, { passed: 0, failed: [], skipped: [] })
    assert.deepEqual(readOutcome(file, 'vitest', 0).failed, [{ name: 'vitest', reason: 'it found no tests' }])
  })
})

test('a test program that ends badly without naming a failure counts as a failure', () => {
  inFolder((file) => {
    writeOutcome(file, { passed: 3, failed: [], skipped: [] })
    const failed = [{ name: 'vitest', reason: 'it ended with 1, and no case failed' }]
    assert.deepEqual(readOutcome(file, 'vitest', 1).failed, failed)
    assert.deepEqual(readOutcome(file, 'vitest', 0).failed, [])
  })
})

test('the summary names every skip and every failure with its reason, and closes with the plain count', () => {
  const one = { passed: 2, failed: [], skipped: [{ name: 'wycheproof', reason: 'the folder is absent' }] }
  const failed = [{ name: 'a box starts', reason: 'it did not:\nno user namespaces' }]
  assert.equal(
    summary(add(one, label('unprivileged', { passed: 1, failed, skipped: [] }))),
    'Skipped:\n  wycheproof: the folder is absent\n' +
      'Failed:\n  unprivileged: a box starts: it did not:\n    no user namespaces\n3 passed, 1 failed, 1 skipped\n',
  )
})

test('a reason of many pages is told by how it begins and how it ends', () => {
  const reason = Array.from({ length: 300 }, (_, line) => `line ${line} ${'x'.repeat(500)}`).join('\n')
  const said = summary({ passed: 0, failed: [{ name: 'a story', reason }], skipped: [] }).split('\n')
  assert.ok(said.length < 24 && said.every((line) => line.length < 300))
  assert.match(said[1] ?? '', /a story: line 0 /)
  assert.match(said.at(-3) ?? '', /line 299 /)
})
