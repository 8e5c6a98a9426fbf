import { spawnSync } from 'node:child_process'

import { expect, test } from 'vitest'

import { runtimeFlags } from './runtime-flags.ts'

// `setFlagsFromString` is silent about what V8 does not know, and a parser is started with such a flag.
test('this Node knows every flag that a server sets', () => {
  const started = (flag: string): number | null => spawnSync(process.execPath, [flag, '--version']).status
  expect(runtimeFlags.map((flag) => started(flag))).toEqual(runtimeFlags.map(() => 0))
  expect(started('--invocation-count-for-nothing=700'), 'control').not.toBe(0)
})
