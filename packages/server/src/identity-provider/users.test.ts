import { describe, expect, test } from 'vitest'

import type { User } from './ports.ts'
import { createMemoryStore } from './testing/memory-store.ts'
import { createUserStore } from './users.ts'

const passkey = {
  id: 'AAAA',
  publicKey: 'AAAA',
  counter: 3,
  transports: ['internal'],
  syncable: true,
  createdAtSeconds: 1_700_000_000,
}
const device = { id: 'alice-phone', type: 'phone', thumbprint: 'AAAA' }
const link = { issuer: 'https://id.example', subject: 'a-1' }
const alice: User = {
  name: 'alice',
  roles: ['customer'],
  passwordHash: '$argon2id$',
  totpSecret: 'JBSWY3DP',
  devices: [device, { id: 'alice-laptop', type: 'laptop', publicJwk: { kty: 'EC' } }],
  passkeys: [passkey],
  links: [link],
  recoveryCodes: ['00'],
  disabled: true,
  added: true,
}

function read(kept: unknown): User | undefined {
  const store = createMemoryStore(() => 0)
  store.put('user', 'alice', JSON.stringify(kept))
  return createUserStore(store).find('alice')
}

describe('a user in the store', () => {
  test('is read as it was put, and what was never said of them is nothing', () => {
    expect(read(alice)).toEqual(alice)
    expect(read({ name: 'alice', roles: [], devices: [] })).toEqual({
      name: 'alice',
      roles: [],
      devices: [],
      passkeys: [],
      links: [],
      recoveryCodes: [],
      disabled: false,
      added: false,
    })
  })

  test.each<readonly [string, unknown]>([
    ['no record', []],
    ['null', null],
    ['of another name', { ...alice, name: 'bob' }],
    ['without roles', { ...alice, roles: undefined }],
    ['of roles that are no names', { ...alice, roles: [7] }],
    ['without devices', { ...alice, devices: undefined }],
    ['of a password that is no text', { ...alice, passwordHash: null }],
    ['of a second factor that is no text', { ...alice, totpSecret: null }],
    ['of passkeys that are no list', { ...alice, passkeys: {} }],
    ['of recovery codes that are no texts', { ...alice, recoveryCodes: [7] }],
    ['put out by a word', { ...alice, disabled: 'false' }],
    ['added by a word', { ...alice, added: 'false' }],
    ['of a passkey that is none', { ...alice, passkeys: ['AAAA'] }],
    ['of a passkey that is null', { ...alice, passkeys: [null] }],
    ['of a link that is null', { ...alice, links: [null] }],
    ['of a device that is null', { ...alice, devices: [null] }],
    ...Object.keys(passkey).map(
      (member) =>
        [`of a passkey without ${member}`, { ...alice, passkeys: [{ ...passkey, [member]: undefined }] }] as const,
    ),
    ['of links that are no list', { ...alice, links: {} }],
    ['of a link that is none', { ...alice, links: ['a-1'] }],
    ['of a link without an issuer', { ...alice, links: [{ ...link, issuer: undefined }] }],
    ['of a link without a subject', { ...alice, links: [{ ...link, subject: undefined }] }],
    ['of a device that is none', { ...alice, devices: ['alice-phone'] }],
    ['of a device without a name', { ...alice, devices: [{ ...device, id: undefined }] }],
    ['of a device without a type', { ...alice, devices: [{ ...device, type: undefined }] }],
    ['of a device without a key', { ...alice, devices: [{ ...device, thumbprint: undefined }] }],
    ['of a device whose key is no record', { ...alice, devices: [{ id: 'a', type: 'b', publicJwk: [] }] }],
  ])('%s is damage, and stops the sign-in', (_, kept) => {
    expect(() => read(kept)).toThrow(expect.objectContaining({ code: 'identity_provider.user' }))
  })
})
