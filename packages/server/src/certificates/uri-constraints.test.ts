import { expect, test } from 'vitest'

import { permitsHost } from './uri-constraints.ts'

/** One element of DER. */
const element = (tag: number, ...content: readonly Uint8Array[]): Uint8Array => {
  const bytes = Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag, bytes.length]), bytes])
}
const base = (host: string): Uint8Array => element(0x30, element(0x86, Buffer.from(host)))
const permitted = (...hosts: readonly string[]): Uint8Array => element(0xa0, ...hosts.map(base))
const excluded = (...hosts: readonly string[]): Uint8Array => element(0xa1, ...hosts.map(base))
const constraints = (...parts: readonly Uint8Array[]): Uint8Array => element(0x30, ...parts)

test('an authority vouches for the hosts that its constraints permit', () => {
  expect(permitsHost(constraints(permitted('shop')), 'shop')).toBe(true)
  expect(permitsHost(constraints(permitted('.example')), 'shop.example')).toBe(true)
  expect(permitsHost(constraints(excluded('other')), 'shop')).toBe(true)
})

test('a length is said in the one way that DER has for it, or the constraints are not understood', () => {
  const longest = 'a'.repeat(121)
  expect(permitsHost(constraints(permitted(longest)), longest)).toBe(true)
  // One byte more, and what stands for the length is BER's sign for an end that is to come (X.690 §8.1.3.6).
  expect(permitsHost(constraints(permitted(`${longest}a`)), `${longest}a`)).toBe(false)
  const content = permitted('shop')
  const said = (...length: readonly number[]): Uint8Array =>
    Buffer.concat([Buffer.from([0x30, ...length, content.length]), content])
  expect(permitsHost(said(0x82, 0), 'shop')).toBe(true)
  expect(permitsHost(said(0x83, 0, 0), 'shop')).toBe(false)
})

test.each<[string, Uint8Array]>([
  ['that permit another', constraints(permitted('other'))],
  ['that exclude it', constraints(permitted('shop'), excluded('shop'))],
  ['of a kind that nobody knows', constraints(permitted('shop'), element(0xa2))],
  [
    'that say more than there is',
    Buffer.from(constraints(permitted('shop')).map((byte, at) => byte + (at === 1 ? 1 : 0))),
  ],
  ['whose subtree is none', constraints(element(0xa0, element(0x31, element(0x86, Buffer.from('shop')))))],
  ['that exclude what cannot be read', constraints(permitted('shop'), element(0xa1, Buffer.from([0x30, 9])))],
  ['that exclude a name without a base', constraints(permitted('shop'), element(0xa1, element(0x30)))],
  ['that permit what cannot be read', constraints(element(0xa0, Buffer.from([0x30, 9])))],
  ['that break off', Buffer.from([0x30])],
  ['that go on', Buffer.concat([constraints(permitted('shop')), Buffer.from([5, 0])])],
])('it does not by constraints %s', (_, value) => {
  expect(permitsHost(value, 'shop')).toBe(false)
})
