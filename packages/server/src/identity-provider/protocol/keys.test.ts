import { randomBytes } from 'node:crypto'

import { expect, test } from 'vitest'

import { createMemoryStore } from '../testing/memory-store.ts'
import { openProviderKeys } from './keys.ts'

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
