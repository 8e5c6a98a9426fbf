import { expect, test } from 'vitest'

import { edited, mustLoad } from '../../../manifest/src/testing/example.ts'
import { elevationRuleOf, personOf, powersOf } from './role-powers.ts'

const user = (name: string): string => `arn:sallyport:identity:checkout::user/${name}`

test('the accounts of one person are one person, from whichever one looks', () => {
  const { app } = mustLoad(edited('zones:  ', 'persons: { ada: [ada, "corp:ada"] }\nzones:  '))
  for (const name of ['ada', 'corp:ada']) {
    expect(new Set(personOf(app, user(name))), name).toEqual(new Set([user('ada'), user('corp:ada')]))
  }
  expect(new Set(personOf(app, user('grace')))).toEqual(new Set([user('grace')]))
})

test('the powers of a role are others once it may do more, and the same when somebody else may', () => {
  const { app } = mustLoad()
  const before = powersOf(app, 'admin')
  expect(powersOf(mustLoad().app, 'admin')).toBe(before)
  const longer = mustLoad(edited('jit: { max: 1h', 'jit: { max: 2h')).app
  expect(powersOf(longer, 'admin')).not.toBe(before)
  expect(powersOf(longer, 'customer')).toBe(powersOf(app, 'customer'))
  expect([elevationRuleOf(longer, 'admin')?.maxMs, elevationRuleOf(app, 'customer')]).toEqual([7_200_000, undefined])
})
