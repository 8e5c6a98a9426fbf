import type { Secret } from '@sallyport/core/access'
import { beforeAll, expect, test } from 'vitest'

import { type Authority, type Leaf, openAuthority } from '../authority.ts'
import { acmeCertificate } from './acme-certificate.ts'
import { acmeRequest } from './acme-request.ts'

// No authority answers here: what is not taken from the store is asked for in vain.
const directory = 'https://127.0.0.1:1/directory'
const names = ['shop.example', 'www.shop.example']
let authority: Authority
let leaf: Leaf

beforeAll(async () => {
  const secrets = new Map<string, Secret<string>>()
  authority = await openAuthority({
    kind: 'gateway',
    app: 'test',
    permittedNames: ['example'],
    nowMs: Date.now,
    keeper: { useSecret: (name) => secrets.get(name), setSecret: async (name, value) => secrets.set(name, value).size },
  })
  leaf = await authority.leafFor(names)
})

function taken(kept: Pick<Leaf, 'cert' | 'key'>, nowMs = Date.now()): Promise<Leaf> {
  const get = (kind: string, id: string): string | undefined =>
    kind === 'acme' && !id.startsWith('account') ? JSON.stringify(kept) : undefined
  const store = { get, put: () => undefined }
  return acmeCertificate({ names, directory, host: '127.0.0.1', port: 0, store, nowMs: () => nowMs })
}

test('a kept certificate is used while a third of its life is left, and its authority is not asked', async () => {
  const { cert, key } = await taken(leaf)
  expect([cert, key]).toEqual([leaf.cert, leaf.key])
  await expect(taken(leaf, Date.now() + 23 * 3_600_000)).rejects.toMatchObject({ code: 'acme.unavailable' })
})

test('a kept certificate of another key, or one that lacks a name, is not used', async () => {
  const one = await authority.leafFor(names.slice(0, 1))
  await expect(taken(one)).rejects.toMatchObject({ code: 'acme.unavailable' })
  await expect(taken({ cert: leaf.cert, key: one.key })).rejects.toMatchObject({ code: 'acme.unavailable' })
  expect((await taken(leaf)).cert, 'control').toBe(leaf.cert)
})

test.each(['http://127.0.0.1:1/', 'nonsense', 'file:///etc/passwd'])(
  'an authority at %s is not asked',
  async (address) => {
    const asked = acmeRequest(address, { method: 'GET', signal: AbortSignal.timeout(5_000) })
    await expect(asked).rejects.toMatchObject({
      code: 'acme.unavailable',
      message: `${address} is no address with https.`,
    })
  },
)
