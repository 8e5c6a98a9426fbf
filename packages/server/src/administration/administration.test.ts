import { beforeEach, describe, expect, test } from 'vitest'

import { allow, hour, makeWorld, receipt, type World } from './testing/harness.ts'

let world: World
beforeEach(() => {
  world = makeWorld()
})

describe('a grant', () => {
  test('needs the receipt of its own decision', () => {
    const administration = world.open()
    const alice = world.user('alice', [])
    expect(administration.isCurrent(administration.admit(allow(alice), receipt('d1')))).toBe(true)
    expect(() => administration.admit(allow(alice), receipt('another'))).toThrow(
      expect.objectContaining({ code: 'grant.without_receipt' }),
    )
    const forged = { ...receipt('d1') }
    expect(() => administration.admit(allow(alice), forged)).toThrow(
      expect.objectContaining({ code: 'grant.without_receipt' }),
    )
  })

  test('is known by identity: a copy is no grant', () => {
    const administration = world.open()
    const grant = administration.admit(allow(world.user('alice', [])), receipt('d1'))
    expect(administration.isCurrent({ ...grant })).toBe(false)
  })

  test('ends with its time, or with the credential if that is sooner', () => {
    const administration = world.open()
    const long = administration.admit(allow(world.user('alice', [])), receipt('d1'))
    const short = administration.admit(allow(world.user('bob', [], 10_000)), receipt('d1'))
    world.pass(10_000)
    expect([administration.isCurrent(long), administration.isCurrent(short)]).toEqual([true, false])
    world.pass(50_000)
    expect(administration.isCurrent(long)).toBe(false)
  })

  test('is not prolonged by turning back the wall clock', () => {
    const administration = world.open()
    const grant = administration.admit(allow(world.user('alice', [])), receipt('d1'))
    world.pass(59_000)
    world.wallMs -= hour
    expect(administration.isCurrent(grant)).toBe(true)
    world.pass(1_000)
    expect(administration.isCurrent(grant)).toBe(false)
  })

  test.each(['user/alice', 'session/session-of-alice'])('ends at once when %s is revoked', async (target) => {
    const administration = world.open()
    const ofAlice = administration.admit(allow(world.user('alice', [])), receipt('d1'))
    const ofBob = administration.admit(allow(world.user('bob', [])), receipt('d1'))
    await administration.revoke(target, 'logout')
    expect([administration.isCurrent(ofAlice), administration.isCurrent(ofBob)]).toEqual([false, true])
  })
})

test('a revocation holds even when the ledger refuses it, and says that it was not recorded', async () => {
  const administration = world.open()
  const grant = administration.admit(allow(world.user('alice', [])), receipt('d1'))
  world.broken = true
  await expect(administration.revoke('user/alice', 'left')).rejects.toThrow('disk')
  expect(administration.isCurrent(grant)).toBe(false)
})

test('a credential is older than a revocation until its user signs in again; a session never comes back', async () => {
  const administration = world.open()
  const before = world.user('alice', [])
  expect(administration.isRevoked(before)).toBe(false)
  await administration.revoke('user/alice', 'password changed')
  expect(administration.isRevoked(before)).toBe(true)
  expect(administration.isRevoked(world.user('alice', []))).toBe(true) // within the same second: nobody can tell
  world.pass(1_000)
  const after = world.user('alice', [])
  expect([administration.isRevoked(after), administration.isRevoked(world.user('bob', []))]).toEqual([false, false])
  await administration.revoke('session/session-of-alice', 'logout')
  world.pass(hour)
  expect(administration.isRevoked(world.user('alice', []))).toBe(true)
  expect(world.open().isRevoked(after)).toBe(true) // over a restart as well
})

test('what was revoked while its decision was made durable is not admitted', async () => {
  const administration = world.open()
  const alice = world.user('alice', [])
  const decided = allow(alice)
  await administration.revoke('user/alice', 'left')
  expect(administration.isCurrent(administration.admit(decided, receipt('d1')))).toBe(false)
})
