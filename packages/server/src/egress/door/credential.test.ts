import { expect, test } from 'vitest'

import type { Door } from '@sallyport/manifest'

import { fillIn } from './credential.ts'

const door = (add: Partial<Door['add']>): Door =>
  ({ add: { headers: {}, query: {}, body: {}, ...add } }) as unknown as Door // the rest is not looked at
const secrets = new Map([
  ['key', 'k$&ey{other}'],
  ['other', 'never'],
  ['lines', 'a\r\nx-forged: b'],
  ['user', 'ada'],
])

test('a secret stands where the template puts it, and means nothing by itself', () => {
  const { headers, query, body } = fillIn(
    door({ headers: { authorization: 'Bearer {key}' }, query: { k: '{key}' }, body: { 'a.b': '{key}' } }),
    secrets,
  )
  expect(headers).toEqual([['authorization', 'Bearer k$&ey{other}']])
  expect([query.get('k'), body.get('a.b')]).toEqual(['k$&ey{other}', 'k$&ey{other}'])
})

test('a secret with a line break adds no header', () => {
  const unusable = expect.objectContaining({ code: 'secret.unusable' })
  expect(() => fillIn(door({ headers: { a: '{lines}' } }), secrets)).toThrow(unusable)
  expect(fillIn(door({ headers: { a: '{user}' } }), secrets).headers).toEqual([['a', 'ada']])
})

test('whatever holds a secret must not come back, and so does what was made of it', () => {
  const { secrets: held } = fillIn(door({ basic: { user: '{user}', password: '{key}' } }), secrets)
  expect(held).toEqual([...secrets.values(), 'ada:k$&ey{other}'])
})

test('a certificate is told apart by what it is', () => {
  const digestOf = (cert: string, key: string): string | undefined =>
    fillIn(door({ certificate: { cert, key } }), secrets).certificate?.digest
  expect(digestOf('{user}', '{key}')).toBe(digestOf('{user}', '{key}'))
  expect(digestOf('{user}', '{key}')).not.toBe(digestOf('{user}', '{other}'))
})
