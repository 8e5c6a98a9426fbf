import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'

import type { Guard } from './guards/guard.ts'
import { guards } from './guards/guards.ts'
import { standsHere } from './guards/here.ts'
import { takeOut, type Verdict } from './guards/take-out.ts'

// Each guard is taken out in a copy of the house; a test that keeps passing without it proves nothing.
let verdicts: ReadonlyMap<Guard, Verdict>

before(async () => {
  const startedAt = performance.now()
  verdicts = await takeOut(guards.filter(standsHere))
  process.stdout.write(`${verdicts.size} guards taken out in ${Math.round((performance.now() - startedAt) / 1000)} s\n`)
  const failedOnce = [...verdicts.values()].flatMap(({ control }) => control.failedOnce)
  for (const told of new Set(failedOnce.map(({ name, reason }) => `${name}: ${reason}`)))
    process.stdout.write(`with every guard in place this failed beside the others, and passed without them: ${told}\n`)
})

test('the table of guards is not empty', () => assert.ok(guards.length > 0))

describe('a test fails once this is gone', () => {
  for (const guard of guards) {
    test(guard.name, { skip: !standsHere(guard) && `it stands only with: ${guard.needs}` }, () => {
      const { broken, ran, failed, control } = verdicts.get(guard) ?? assert.fail('it was not taken out')
      assert.equal(broken, undefined)
      assert.ok(ran.length > 0, 'no test ran, so none could notice')
      assert.ok(failed.length > 0, `${guard.noticedBy.join(', ')} passed without the guard`)
      const alsoWith = control.failed.map(({ name, reason }) => `${name}: ${reason}`)
      assert.equal(alsoWith.join('\n'), '', `this fails with the guard in place as well: ${alsoWith.join('\n')}`)
      assert.ok(
        failed.some((name) => control.passed.includes(name)),
        'no test that failed without the guard passes with it',
      )
    })
  }
})
