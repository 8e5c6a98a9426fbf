import { expect, test, vi } from 'vitest'

import { createAttempts, passwordAttempts, startAttempts } from './attempts.ts'
import { fetchTrusting } from '../testing/fetch.ts'
import { startTestProvider } from '../testing/index.ts'
import { createMemoryStore } from '../testing/memory-store.ts'
import { createUserStore } from '../users.ts'

vi.setConfig({ testTimeout: 60_000 })

const [address, far] = ['192.0.2.1', '198.51.100.7']

test('strangers make no more counters than there is room for, and keep nobody out who is known', () => {
  let now = 0
  const attempts = createAttempts(
    createMemoryStore(() => now),
    () => now,
    3,
  )
  expect(attempts.take(passwordAttempts('alice', address))).toBe(true) // three counters
  expect(attempts.take(passwordAttempts('bob', address))).toBe(false)
  expect(attempts.take(startAttempts(far))).toBe(false)
  expect(attempts.take(passwordAttempts('alice', address))).toBe(true) // as before: hers are there
  expect(attempts.take(passwordAttempts('carol', far, true))).toBe(true)
  now = 3_600
  expect(attempts.take(passwordAttempts('bob', far))).toBe(true)
})

test('a user who stands under the name of another is damage', () => {
  const store = createMemoryStore(() => 0)
  const users = createUserStore(store)
  users.put({
    name: 'ada',
    roles: ['admin'],
    devices: [],
    passkeys: [],
    recoveryCodes: [],
    disabled: false,
    added: false,
  })
  expect(users.find('ada')?.roles).toEqual(['admin'])
  store.put('user', 'eve', store.get('user', 'ada') ?? '')
  expect(() => users.find('eve')).toThrow(expect.objectContaining({ code: 'identity_provider.user' }))
})

test('sign-ins that are begun from one address have an end', async () => {
  const provider = await startTestProvider()
  try {
    const get = fetchTrusting(provider.caPem)
    const begin = async (path: string, method: string): Promise<number> =>
      (await get(`${provider.issuerUrl}${path}`, { method })).status
    const ways = [
      ['/auth', 'GET'],
      ['/auth', 'POST'],
      ['/request', 'POST'],
      ['/device/auth', 'POST'],
    ] as const
    for (const [path, method] of ways) expect([path, await begin(path, method)]).not.toEqual([path, 429])
    const attempts = createAttempts(provider.store, () => Math.floor(Date.now() / 1_000))
    for (let begun = 0; begun < 1_000; begun++) attempts.take(startAttempts('127.0.0.1'))
    for (const [path, method] of ways) expect([path, await begin(path, method)]).toEqual([path, 429])
  } finally {
    await provider.close()
  }
})
