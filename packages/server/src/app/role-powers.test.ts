import { expect, test } from 'vitest'

import { edited, mustLoad } from '../../../manifest/src/testing/example.ts'
import { elevationRuleOf, personOf, powersOf } from './role-powers.ts'

const user = (name: string): string => `arn:sallyport:identity:checkout::user/${name}`

test('the accounts of one person are one person, from whichever one looks', () => {
  const { app } = mustLoad(edited('zones:  ', 'persons: { ada: [ada, "corp:ada"] }\nzones:  '))
  for (const name of ['ada', 'corp:ada']) {
    expect(new Set(personOf(app, user(name), [])), name).toEqual(new Set([user('ada'), user('corp:ada')]))
  }
  expect(new Set(personOf(app, user('grace'), []))).toEqual(new Set([user('grace')]))
})

test('whoever is linked to an account outside is one person with it, under whatever names', () => {
  const corp = '  corp: { issuer: "https://id.example", audience: "urn:shop", roles: roles }\n'
  const { app } = mustLoad(edited('locations:', `${corp}locations:`))
  const linked = [
    { name: 'ada', links: [{ issuer: 'https://id.example', subject: '00u1' }] },
    { name: 'grace', links: [{ issuer: 'https://elsewhere.example', subject: '00u2' }] },
  ]
  for (const name of ['ada', 'corp:00u1', 'corp:ada', '00u1']) {
    expect(personOf(app, user(name), linked), name).toEqual(expect.arrayContaining([user('ada'), user('corp:00u1')]))
    expect(personOf(app, user(name), linked), name).not.toContain(user('grace'))
  }
  expect(personOf(app, user('corp:00u2'), linked), 'another issuer’s').not.toContain(user('grace'))
  expect(personOf(app, user('corp:00u1'), []), 'the control').not.toContain(user('ada'))
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
