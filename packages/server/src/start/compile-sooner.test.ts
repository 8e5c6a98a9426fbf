import { spawnSync } from 'node:child_process'

import { expect, test } from 'vitest'

import { flags } from './compile-sooner.ts'

// `setFlagsFromString` is silent about what V8 does not know, and a parser is started with such a flag.
test('this Node knows every flag by which a server has itself compiled sooner', () => {
  const started = (flag: string): number | null => spawnSync(process.execPath, [flag, '--version']).status
  expect(flags.map((flag) => started(flag))).toEqual(flags.map(() => 0))
  expect(started('--invocation-count-for-nothing=700'), 'control').not.toBe(0)
})
