import { expect, test } from 'vitest'

import { readHaltPollNs } from './idle.ts'

const machine =
  (governor: string, ns: string) =>
  (path: string): string =>
    path.endsWith('governor') ? `${governor}\n` : `${ns}\n`

test.each([
  ['haltpoll', '0', 0],
  ['haltpoll', '200000', 200_000],
  ['haltpoll', '', undefined],
  ['menu', '0', undefined],
])('of a processor that idles by %s, looking for work for %j ns', (governor, ns, expected) => {
  expect(readHaltPollNs(machine(governor, ns))).toBe(expected)
})

test('where the kernel says nothing of it, nothing is known', () => {
  expect(
    readHaltPollNs(() => {
      throw new Error('ENOENT')
    }),
  ).toBeUndefined()
})
