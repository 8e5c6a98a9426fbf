import { createPrivateKey, type JsonWebKey, randomBytes, sign } from 'node:crypto'

import { Secret, TOTP } from 'otpauth'
import { beforeAll, describe, expect, test } from 'vitest'

import { attemptWindowSeconds, createAttempts, passwordAttempts } from './sign-in/attempts.ts'
import { createDevelopmentUsers, type DevelopmentSignIn, provisionUsers } from './development-users.ts'
import { proveDevice } from './protocol/device-proof.ts'
import { createPasswords, hashPassword } from './sign-in/password.ts'
import type { User } from './ports.ts'
import { useCode } from './sign-in/second-factor.ts'
import { createMemoryStore } from './testing/memory-store.ts'
import { sealedStoreContract } from './testing/sealed-store-contract.ts'
import { createUserStore } from './users.ts'

const now = 1_700_000_010 // ten seconds into a TOTP step
let alice: User
let bob: User
let details: Readonly<Record<string, DevelopmentSignIn>>

beforeAll(async () => {
  const made = await createDevelopmentUsers({ alice: ['customer'], bob: [] }, { random: randomBytes, app: 'checkout' })
  const [first, second] = made.users
  if (first === undefined || second === undefined) throw new Error('no users were made')
  ;[alice, bob, details] = [first, second, made.signIn.users]
})

function codeAt(seconds: number): string {
  return new TOTP({ secret: Secret.fromBase32(alice.totpSecret ?? '') }).generate({ timestamp: seconds * 1_000 })
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

describe('the memory store', () => sealedStoreContract(createMemoryStore))

describe('a TOTP code', () => {
  test('works once, and uses up every earlier step, also over a restart', () => {
    const store = createMemoryStore(() => now)
    expect(useCode(store, alice, codeAt(now), now)).toBe(true)
    expect(useCode(store, alice, codeAt(now), now)).toBe(false)
    expect(useCode(store, alice, codeAt(now - 30), now)).toBe(false)
    expect(useCode(store, alice, codeAt(now + 30), now)).toBe(true)
    expect(useCode(store, alice, codeAt(now + 30), now + 30)).toBe(false)
  })

  test.each([
    [-60, false],
    [-30, true],
    [0, true],
    [30, true],
    [60, false],
  ])('of %i s from now is taken: %s', (offset, isTaken) => {
    expect(
      useCode(
        createMemoryStore(() => now),
        alice,
        codeAt(now + offset),
        now,
      ),
    ).toBe(isTaken)
  })

  test.each(['', '12345', '1234567', '12345a', ' 123456', '１２３４５６'])('cannot be %j', (code) => {
    expect(
      useCode(
        createMemoryStore(() => now),
        alice,
        code,
        now,
      ),
    ).toBe(false)
  })

  test('of another user, or for a user without second factor, is refused', () => {
    const { totpSecret: _, ...without } = alice
    expect(
      useCode(
        createMemoryStore(() => now),
        bob,
        codeAt(now),
        now,
      ),
    ).toBe(false)
    expect(
      useCode(
        createMemoryStore(() => now),
        without,
        codeAt(now),
        now,
      ),
    ).toBe(false)
  })
})

describe('a device assertion', () => {
  const issuer = 'https://localhost:8444'
  const expected = { issuer, nonce: 'uid-1', nowSeconds: now }
  const claims = { aud: issuer, nonce: 'uid-1', iat: now, exp: now + 60 }
  const header = { alg: 'ES256', typ: 'device-assertion+jwt', kid: 'alice-device-1' }

  function assertion(changes: object = {}, headerChanges: object = {}, by = 'alice'): string {
    const jwk: JsonWebKey = { ...details[by]?.device.privateJwk }
    const signed = `${part({ ...header, ...headerChanges })}.${part({ ...claims, ...changes })}`
    const key = createPrivateKey({ key: jwk, format: 'jwk' })
    return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
  }

  test('by an enrolled key proves the device', async () => {
    const device = { id: 'alice-device-1', managed: true, type: 'laptop' }
    expect(await proveDevice(assertion(), alice, expected)).toEqual(device)
  })

  test.each<[string, object, object, string?]>([
    ['for another issuer', { aud: 'https://evil.example' }, {}],
    ['for another sign-in', { nonce: 'uid-2' }, {}],
    ['without nonce', { nonce: undefined }, {}],
    ['that has expired', { iat: now - 60, exp: now }, {}],
    ['that lives for longer than a minute', { exp: now + 61 }, {}],
    ['from the future', { iat: now + 6, exp: now + 60 }, {}],
    ['without expiry', { exp: undefined }, {}],
    ['of another type', {}, { typ: 'at+jwt' }],
    ['of no type', {}, { typ: undefined }],
    ['by an unknown device', {}, { kid: 'alice-device-2' }],
    ['by another user’s key under our name', {}, {}, 'bob'],
    ['by another user’s device', {}, { kid: 'bob-device-1' }, 'bob'],
    ['that says it is unsigned', {}, { alg: 'none' }],
    ['that brings its own key', {}, { jwk: {} }],
  ])('%s proves nothing', async (_, changes, headerChanges, by = 'alice') => {
    expect(await proveDevice(assertion(changes, headerChanges, by), alice, expected)).toBeUndefined()
  })

  test.each(['', 'x', 'a.b.c', 'e30.e30.'])('that is %j proves nothing', async (text) => {
    expect(await proveDevice(text, alice, expected)).toBeUndefined()
  })
})

describe('attempts', () => {
  const [address, far] = ['192.0.2.1', '198.51.100.7']

  test('end for one user from one address, and not for the same user elsewhere', () => {
    const attempts = createAttempts(
      createMemoryStore(() => 0),
      () => 0,
    )
    for (let i = 0; i < 5; i++) expect(attempts.take(passwordAttempts('alice', address))).toBe(true)
    expect(attempts.take(passwordAttempts('alice', address))).toBe(false)
    expect(attempts.take(passwordAttempts('alice', far))).toBe(true)
    expect(attempts.take(passwordAttempts('bob', address))).toBe(true)
  })

  test('end for a user from all addresses together, and for an address with all users', () => {
    const attempts = createAttempts(
      createMemoryStore(() => 0),
      () => 0,
    )
    const takeMany = (keyOf: (i: number) => [string, string]): number =>
      Array.from({ length: 200 }, (_, i) => attempts.take(passwordAttempts(...keyOf(i)))).filter(Boolean).length
    expect(takeMany((i) => ['alice', `192.0.2.${i}`])).toBe(20)
    expect(takeMany((i) => [`user-${i}`, far])).toBe(100)
  })

  test('wait twice as long after each further failure, an hour at most, for nobody for good', () => {
    let seconds = 0
    const attempts = createAttempts(
      createMemoryStore(() => seconds),
      () => seconds,
    )
    const keys = passwordAttempts('alice', address)
    const waits: number[] = []
    for (let failures = 0; failures < 13; failures++) {
      const since = seconds
      while (!attempts.take(keys)) seconds += 30
      waits.push(seconds - since)
    }
    expect(waits).toEqual([0, 0, 0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600])
  })

  test('from elsewhere do not slow down a person where they signed in before, however many there are', () => {
    const attempts = createAttempts(
      createMemoryStore(() => 0),
      () => 0,
      59, // one for alice, two for each place, three for each other: not one is left over
    )
    attempts.remember('alice', address)
    for (let i = 0; i < 200; i++) attempts.take(passwordAttempts('alice', `198.51.100.${i}`))
    for (let i = 0; i < 200; i++) attempts.take(passwordAttempts(`user-${i}`, `198.51.100.${i}`)) // the table is full
    expect(attempts.take(passwordAttempts('alice', '203.0.113.1'))).toBe(false)
    expect(attempts.take(passwordAttempts('alice', address, attempts.knows('alice', address)))).toBe(true)
    expect(attempts.knows('alice', far)).toBe(false)
  })

  test('begin anew after the window, and after a success; but a success does not wipe an address clean', () => {
    let seconds = 0
    const attempts = createAttempts(
      createMemoryStore(() => seconds),
      () => seconds,
    )
    const keys = passwordAttempts('alice', address)
    for (let i = 0; i < 5; i++) attempts.take(keys)
    seconds = attemptWindowSeconds
    expect(attempts.take(keys)).toBe(true)
    attempts.succeed(keys)
    for (let i = 0; i < 5; i++) expect(attempts.take(keys)).toBe(true)
    expect(attempts.take(keys)).toBe(false)

    const own = passwordAttempts('mallory', far)
    let taken = 0
    for (let i = 0; i < 200; i++) {
      if (attempts.take(passwordAttempts(`victim-${i}`, far))) taken++
      if (attempts.take(own)) attempts.succeed(own)
    }
    expect(taken).toBe(100)
  })
})

test('attempts are counted over a restart, and bounded in number', () => {
  const store = createMemoryStore(() => 0)
  const first = createAttempts(store, () => 0)
  for (let i = 0; i < 5; i++) first.take(passwordAttempts('alice', '192.0.2.1'))
  expect(createAttempts(store, () => 0).take(passwordAttempts('alice', '192.0.2.1'))).toBe(false)
  expect(createAttempts(store, () => 0).take(passwordAttempts('bob', '192.0.2.1'))).toBe(true)
  expect(JSON.stringify(store.ids('attempt'))).not.toMatch(/alice|192/)
  expect(createAttempts(store, () => 0, 5).take(passwordAttempts('carol', '192.0.2.9'))).toBe(false)
})

describe('passwords', () => {
  test('are right or wrong, never right without a user, whatever the keyboard made of them', async () => {
    const passwords = await createPasswords(randomBytes)
    const hash = await hashPassword('caf\u00e9')
    expect(hash).toMatch(/^\$argon2id\$/)
    expect(await passwords.check(hash, 'cafe\u0301')).toBe('right')
    expect(await passwords.check(hash, 'cafe')).toBe('wrong')
    expect(await passwords.check(undefined, 'caf\u00e9')).toBe('wrong')
  })

  test('are not even checked where they are longer than any', async () => {
    const passwords = await createPasswords(randomBytes)
    const long = 'x'.repeat(1_025)
    expect(await passwords.check(await hashPassword(long), long)).toBe('wrong')
  })

  test('are not checked by more than a few at once', async () => {
    const passwords = await createPasswords(randomBytes)
    const verdicts = await Promise.all(Array.from({ length: 10 }, () => passwords.check(undefined, 'x')))
    expect(verdicts.filter((verdict) => verdict === 'busy').length).toBe(2)
    expect(await passwords.check(undefined, 'x')).toBe('wrong')
  })
})

describe('users', () => {
  test('follow the manifest: made once, roles kept up, removed when they are gone', async () => {
    const users = createUserStore(createMemoryStore(() => now))
    const options = { random: randomBytes, app: 'checkout' }
    const first = await provisionUsers(users, { alice: ['customer'], bob: [] }, options)
    expect([Object.keys(first.made), first.changed]).toEqual([['alice', 'bob'], []])
    const hash = users.find('alice')?.passwordHash
    const second = await provisionUsers(users, { alice: ['admin'], carol: [] }, options)
    expect([Object.keys(second.made), second.changed]).toEqual([['carol'], ['bob', 'alice']])
    expect(users.names()).toEqual(['alice', 'carol'])
    expect(users.find('alice')).toMatchObject({ roles: ['admin'], passwordHash: hash })
  })

  test.each(['', '__proto__', 'a b', 'a*', 'pool:alice', '../x', '-a', 'a'.repeat(65)])('are not called %j', (name) => {
    const users = createUserStore(createMemoryStore(() => now))
    expect(users.find(name)).toBeUndefined()
    expect(() => users.put({ ...alice, name })).toThrow(expect.objectContaining({ code: 'identity_provider.user' }))
  })

  test('that are damaged stop the sign-in with a code', () => {
    const store = createMemoryStore(() => now)
    store.put('user', 'alice', JSON.stringify({ ...alice, roles: 'admin' }))
    expect(() => createUserStore(store).find('alice')).toThrow(
      expect.objectContaining({ code: 'identity_provider.user' }),
    )
  })
})
