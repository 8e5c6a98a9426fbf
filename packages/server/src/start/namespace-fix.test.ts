import { execFileSync } from 'node:child_process'

import { expect, test } from 'vitest'

import { namespaceFix } from './namespace-fix.ts'

test.each([
  ['/proc/sys/user/max_user_namespaces', '0', /sysctl -w user\.max_user_namespaces=15000$/],
  ['/proc/sys/kernel/unprivileged_userns_clone', '0', /sysctl -w kernel\.unprivileged_userns_clone=1$/],
  ['/proc/sys/kernel/apparmor_restrict_unprivileged_userns', '1', /apparmor_parser -r /],
])('what closes user namespaces is opened by its own command: %s', (path, value, expected) => {
  const fix = namespaceFix((asked) => (asked === path ? value : undefined)) ?? ''
  expect(fix).toMatch(expected)
  execFileSync('bash', ['-n', '-c', fix])
})

test('where no switch that we know closes them, nothing is told to be opened', () => {
  expect(namespaceFix(() => undefined)).toBeUndefined()
  expect(namespaceFix((path) => (path.includes('apparmor') ? '0' : '1'))).toBeUndefined()
})

test("AppArmor's profile arrives as it is meant when its command is pasted", () => {
  const fix = namespaceFix((path) => (path.includes('apparmor') ? '1' : undefined)) ?? ''
  const written = execFileSync('bash', ['-c', fix.slice(0, fix.indexOf(' | '))], { encoding: 'utf8' })
  expect(written.split('\n')).toEqual([
    'abi <abi/4.0>,',
    'include <tunables/global>',
    'profile bwrap-sallyport /usr/bin/bwrap flags=(unconfined) {',
    '  userns,',
    '}',
    '',
  ])
})
