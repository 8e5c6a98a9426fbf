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

test.each<[string, Uint8Array]>([
  ['that permit another', constraints(permitted('other'))],
  ['that exclude it', constraints(permitted('shop'), excluded('shop'))],
  ['of a kind that nobody knows', constraints(permitted('shop'), element(0xa2))],
  [
    'that say more than there is',
    Buffer.from(constraints(permitted('shop')).map((byte, at) => byte + (at === 1 ? 1 : 0))),
  ],
  ['that go on', Buffer.concat([constraints(permitted('shop')), Buffer.from([5, 0])])],
])('it does not by constraints %s', (_, value) => {
  expect(permitsHost(value, 'shop')).toBe(false)
})
