import type { Subject } from '@sallyport/core/access'
import { describe, expect, test } from 'vitest'

import { createEpochTable } from './epochs.ts'

const alice: Subject = {
  kind: 'user',
  id: 'arn:sallyport:identity:test::user/alice',
  name: 'alice',
  roles: [],
  sessionId: 's1',
  authentication: { methods: [], mfa: false, authenticatedAtSeconds: 100, expiresAtSeconds: 1_000 },
  credential: {
    issuerName: 'pool',
    keyId: 'k1',
    issuedAtSeconds: 110,
    clientId: 'web',
    tokenId: 'j1',
    scopes: [],
    tags: {},
    boundTo: ['thumbprint'],
    binding: 'dpop',
  },
}

describe('what a grant rests on', () => {
  test.each([
    'user/alice',
    'session/s1',
    'issuer/pool',
    'client/pool:web',
    'key/pool:k1',
    'key/thumbprint',
    'token/pool:j1',
    'function/payments',
    'elevation/arn:sallyport:identity:test::user/alice',
  ])('ends it: %s', (target) => {
    const table = createEpochTable()
    const epochs = table.of([alice], ['function/payments'])
    expect(table.unchanged(epochs)).toBe(true)
    table.apply({ target, at: 50_000 })
    expect(table.unchanged(epochs)).toBe(false)
  })

  test('does not end it when it is another: a kid of another issuer, another session', () => {
    const table = createEpochTable()
    const epochs = table.of([alice])
    for (const target of ['key/k1', 'key/other:k1', 'session/s2', 'user/pool:alice'])
      table.apply({ target, at: 200_000 })
    expect(table.unchanged(epochs)).toBe(true)
  })

  test('may be over already: then a grant has ended before it began', () => {
    const table = createEpochTable()
    table.apply({ target: 'session/s1', at: 200_000 })
    expect(table.unchanged(table.of([alice]))).toBe(false)
    expect(table.unchanged(table.of([alice, { ...alice, sessionId: 's2' }]))).toBe(false)
    expect(table.unchanged(table.of([{ ...alice, sessionId: 's2' }]))).toBe(true)
  })
})

describe('what is remembered of a subject', () => {
  test('is asked anew as soon as anything moved', () => {
    const table = createEpochTable()
    const before = table.of([alice], ['function/payments'])
    expect(table.unchanged(before)).toBe(true)
    expect(table.of([alice], ['function/payments'])).toBe(before)
    table.apply({ target: 'session/s1', at: 200_000 })
    expect(table.unchanged(before)).toBe(false)
    expect(table.unchanged(table.of([alice], ['function/payments']))).toBe(false)
  })

  test('is of these subjects and functions, and of no others', () => {
    const table = createEpochTable()
    const bob: Subject = { ...alice, name: 'bob', sessionId: 's2' }
    const all = [table.of([alice]), table.of([alice], ['function/a']), table.of([alice, bob], ['function/a'])]
    table.apply({ target: 'function/a', at: 1 })
    expect(all.map(table.unchanged)).toEqual([true, false, false])
    const [, both] = [table.of([alice], ['function/b']), table.of([alice, bob], ['function/b'])]
    table.apply({ target: 'session/s2', at: 1 })
    expect(table.unchanged(both)).toBe(false)
    expect(table.unchanged(table.of([alice], ['function/b']))).toBe(true)
  })
})

describe('whoever watches', () => {
  test('is over since its last revocation, in whatever order they are told', () => {
    const table = createEpochTable()
    table.apply({ target: 'user/alice', at: 20 })
    table.apply({ target: 'user/alice', at: 10 })
    expect(table.revokedAt('user/alice')).toBe(20)
  })

  test('is told once, when anything moves', () => {
    const table = createEpochTable()
    let told = 0
    table.watch(table.of([alice]), () => (told += 1))
    table.apply({ target: 'user/bob', at: 1 })
    expect(told).toBe(0)
    table.apply({ target: 'session/s1', at: 1 })
    table.apply({ target: 'user/alice', at: 1 })
    expect(told).toBe(1)
  })

  test('is told at once of what has moved already', () => {
    const table = createEpochTable()
    const epochs = table.of([alice])
    table.apply({ target: 'user/alice', at: 1 })
    let told = 0
    table.watch(epochs, () => (told += 1))
    expect(told).toBe(1)
  })

  test('may stop watching, also while others are being told', () => {
    const table = createEpochTable()
    const told: string[] = []
    let releaseSecond = (): void => undefined
    table.watch(table.of([alice]), () => {
      told.push('first')
      releaseSecond()
    })
    releaseSecond = table.watch(table.of([alice]), () => told.push('second'))
    const releaseThird = table.watch(table.of([alice]), () => told.push('third'))
    releaseThird()
    table.apply({ target: 'user/alice', at: 1 })
    expect(told).toEqual(['first'])
  })
})
