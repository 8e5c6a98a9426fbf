import { expect, test } from 'vitest'

import { Secret } from './secret.ts'

const secret = new Secret('sk_of_the_shop')

test('a secret gives its value to whoever asks by name', () => {
  expect(secret.reveal()).toBe('sk_of_the_shop')
})

test.each<[string, () => string]>([
  ['a text', () => String(secret)],
  ['JSON', () => JSON.stringify({ secret })],
  ['a copy', () => JSON.stringify(Object.assign({}, secret))],
  ['an error', () => String(new Error(`failed with ${String(secret)}`))],
  ['entries', () => JSON.stringify(Object.entries(secret))],
])('a secret does not show itself in %s', (_, show) => {
  expect(show()).not.toContain('sk_of_the_shop')
})

test('a secret does not show itself to what inspects it', () => {
  const inspect: unknown = Reflect.get(secret, Symbol.for('nodejs.util.inspect.custom'))
  expect(typeof inspect === 'function' ? inspect() : '').toBe('[secret]')
})
