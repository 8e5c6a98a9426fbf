import { expect, test } from 'vitest'

import { parseSpiffeId } from './spiffe-id.ts'

test('an id has one spelling', () => {
  const bad = [
    'spiffe://Shop/a',
    'SPIFFE://shop/a',
    'spiffe://shop/a/',
    'spiffe://shop//a',
    'spiffe://shop/.',
    'spiffe://shop/a/../b',
    'spiffe://shop:1/a',
    'spiffe://u@shop/a',
    'spiffe://shop/a?b',
    'spiffe://shop/a#b',
    'spiffe://shop/a\0b',
    'spiffe:///a',
    'spiffe://shöp/a',
    `spiffe://shop/${'a'.repeat(2_048)}`,
    '',
  ]
  for (const text of bad) expect(parseSpiffeId(text), text.slice(0, 40)).toBeUndefined()
  expect(parseSpiffeId('spiffe://shop.example/a_B/-.c')).toEqual({
    text: 'spiffe://shop.example/a_B/-.c',
    trustDomain: 'shop.example',
    path: '/a_B/-.c',
  })
})
