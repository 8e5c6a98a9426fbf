import { randomBytes } from 'node:crypto'

import { expect, test } from 'vitest'

import { createMemoryStore } from '../testing/memory-store.ts'
import { openProviderKeys, publicJwks, verifyOwn } from './keys.ts'

test('damaged keys are refused rather than replaced, or every token would die unasked', async () => {
  const store = createMemoryStore(() => 0)
  const whole = { signing: [{}], cookies: ['c'], dpopNonce: Buffer.alloc(32).toString('base64url') }
  const put = (keys: object): void => store.put('identity-provider', 'keys', JSON.stringify(keys))
  for (const damaged of [{ signing: [] }, { signing: {} }, { cookies: [] }, { cookies: [1] }, { dpopNonce: 'AAAA' }]) {
    put({ ...whole, ...damaged })
    await expect(openProviderKeys(store, randomBytes)).rejects.toMatchObject({ code: 'identity_provider.keys' })
  }
  for (const torn of ['', '{"signing":[{"d":"secr', 'null', '7']) {
    store.put('identity-provider', 'keys', torn)
    const error: unknown = await openProviderKeys(store, randomBytes).catch((cause: unknown) => cause)
    expect(error, torn).toMatchObject({ code: 'identity_provider.keys' })
    expect(String(error)).not.toContain('secr')
  }
  put(whole)
  expect(await openProviderKeys(store, randomBytes)).toEqual(whole)
})

test('what is published of a key is whole, and its public half alone', async () => {
  const keys = await openProviderKeys(
    createMemoryStore(() => 0),
    randomBytes,
  )
  const [{ d, ...own } = {}] = keys.signing
  expect(d).toEqual(expect.any(String))
  expect(publicJwks(keys).keys).toEqual([own])
  for (const member of ['kty', 'crv', 'x', 'y', 'kid']) {
    const damaged = { ...keys, signing: [{ ...own, [member]: undefined }] }
    expect(() => publicJwks(damaged), member).toThrow(expect.objectContaining({ code: 'identity_provider.keys' }))
  }
})

test('a key of ours that cannot be read is damage, not a token of somebody else', async () => {
  const keys = await openProviderKeys(
    createMemoryStore(() => 0),
    randomBytes,
  )
  const [own = {}] = keys.signing
  expect(await verifyOwn(keys, 'no.token.atall', {})).toBeUndefined()
  const damaged = { ...keys, signing: [{ ...own, x: 'AAAA' }] }
  await expect(verifyOwn(damaged, 'no.token.atall', {})).rejects.toThrow()
})
