import { expect, test } from 'vitest'

import { coreLimitOption, readCoreFiles } from './core-files.ts'

const limits = (hard: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units
Max stack size            8388608              unlimited            bytes
Max core file size        0                    ${hard.padEnd(20)} bytes
`
const machine =
  (pattern: string, hard: string) =>
  (path: string): string =>
    path.endsWith('core_pattern') ? `${pattern}\n` : limits(hard)

test.each([
  ['core', 'unlimited', { limit: 1 }],
  ['/var/crash/core.%p', '4096', { limit: 1 }],
  ['|/usr/lib/systemd/systemd-coredump %P %u', 'unlimited', { program: '/usr/lib/systemd/systemd-coredump', limit: 1 }],
  ['| /usr/share/apport/apport -p%p', '0', { program: '/usr/share/apport/apport', limit: 0 }],
])('where core files go to %s and the hard limit is %s', (pattern, hard, expected) => {
  expect(readCoreFiles(machine(pattern, hard))).toEqual(expected)
})

test('what the kernel does not say is taken for the worse', () => {
  const closed = (): never => {
    throw new Error('EACCES')
  }
  expect(readCoreFiles(closed)).toEqual({ program: '?', limit: 0 })
})

test('the limit is the one byte at which the kernel runs no program, where it may be set', () => {
  expect(coreLimitOption({ limit: 1 })).toBe('--core=1:1')
  expect(coreLimitOption({ limit: 0 })).toBe('--core=0:0')
})
