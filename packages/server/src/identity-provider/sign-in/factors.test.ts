import { randomBytes } from 'node:crypto'

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'

import type { User } from '../ports.ts'
import { startTestProvider, type TestProvider } from '../testing/index.ts'
import { openVisit } from '../testing/visitor.ts'
import { type AttemptKey, codeAttempts, createAttempts, passkeyAttempts, passwordAttempts } from './attempts.ts'
import { makeRecoveryCodes } from './recovery-codes.ts'

vi.setConfig({ testTimeout: 60_000 })

const address = '127.0.0.1'
const nowSeconds = (): number => Math.floor(Date.now() / 1_000)
let provider: TestProvider
let alice: User

beforeAll(async () => {
  provider = await startTestProvider()
  const found = provider.users.find('alice')
  if (found === undefined) throw new Error('no alice')
  alice = found
})
afterAll(() => provider.close())
beforeEach(() => {
  provider.users.put(alice)
  for (const id of provider.store.ids('attempt')) provider.store.delete('attempt', id)
})

/** As many failures as there may be, of somebody else. */
function spend(keys: readonly AttemptKey[]): void {
  const attempts = createAttempts(provider.store, nowSeconds)
  while (attempts.take(keys));
}

describe('a factor', () => {
  test('of somebody who was put out counts no more, however right it is', async () => {
    expect((await openVisit(provider).enterPassword('alice')).answer.status).toBe(303)
    provider.users.put({ ...alice, disabled: true })
    expect((await openVisit(provider).enterPassword('alice')).answer.status).toBe(403)
    expect(provider.events.at(-1)).toMatchObject({ code: 'sign-in.password', user: 'alice' })
  })

  test('is not even looked at once too many guesses were made: a password', async () => {
    expect((await openVisit(provider).enterPassword('alice')).answer.status).toBe(303)
    spend(passwordAttempts('alice', address, true))
    expect((await openVisit(provider).enterPassword('alice')).answer.status).toBe(429)
    expect((await openVisit(provider).enterPassword('bob')).answer.status).toBe(303)
  })

  test.each(['code', 'recovery'] as const)(
    'is not even looked at once too many guesses were made: a %s',
    async (kind) => {
      const { codes, hashes } = makeRecoveryCodes(randomBytes)
      provider.users.put({ ...alice, recoveryCodes: hashes })
      const prove = async (): Promise<number> => {
        const visit = openVisit(provider)
        const { path } = await visit.enterPassword('alice')
        const typed = kind === 'code' ? visit.codeOf('alice') : (codes[0] ?? '')
        return (await visit.submit(`${path}/${kind}`, { [kind]: typed })).status
      }
      spend(codeAttempts('alice'))
      expect(await prove()).toBe(429)
      for (const id of provider.store.ids('attempt')) provider.store.delete('attempt', id)
      expect(await prove()).toBe(303)
    },
  )

  test('is not even looked at once too many guesses were made: a passkey', async () => {
    const visit = openVisit(provider)
    const path = await visit.start()
    expect((await visit.submit(`${path}/passkey`, { credential: '{}' })).status).toBe(403)
    spend(passkeyAttempts(address))
    expect((await visit.submit(`${path}/passkey`, { credential: '{}' })).status).toBe(429)
  })

  test('of a sign-in that nobody has begun leads nowhere', async () => {
    const visit = openVisit(provider)
    for (const path of ['/interaction/', '/interaction/a.b', '/interaction/unknown', '/interaction/unknown/password']) {
      expect([path, (await visit.submit(path, {})).status]).toEqual([path, 400])
    }
  })
})
