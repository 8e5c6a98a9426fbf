import { type AccessRequest, type Allow, type LedgerRecord, sealReceipt, type Subject } from '@sallyport/core/access'
import { beforeEach, describe, expect, test } from 'vitest'

import { type Administration, type AdministrationOptions, openAdministration } from './administration.ts'

const hour = 3_600_000
let wallMs: number
let monotonicMs: number
let ledger: LedgerRecord[]
let powers: string
let broken: boolean

beforeEach(() => {
  wallMs = 1_000_000_000_000
  monotonicMs = 5_000
  ledger = []
  powers = 'refunds'
  broken = false
})

function pass(ms: number): void {
  wallMs += ms
  monotonicMs += ms
}

let lastId = 0
function open(options: Partial<AdministrationOptions> = {}): Administration {
  return openAdministration({
    append: (record) => {
      if (broken) return Promise.reject(new Error('the disk is full'))
      ledger.push(record)
      return Promise.resolve()
    },
    ruleOf: (role) => (role === 'admin' ? { maxMs: hour, approvers: ['admin'] } : undefined),
    powersOf: () => powers,
    clock: { nowMs: () => wallMs, monotonicMs: () => monotonicMs },
    newId: () => `id-${(lastId += 1)}`,
    past: [...ledger],
    grantLifetimeMs: 60_000,
    ...options,
  })
}

const user = (name: string, roles: readonly string[], expiresInMs = hour): Subject => ({
  kind: 'user',
  id: `arn:sallyport:identity:test::user/${name}`,
  name,
  roles,
  sessionId: `session-of-${name}`,
  authentication: {
    methods: ['pwd', 'otp'],
    mfa: true,
    authenticatedAtSeconds: wallMs / 1000,
    expiresAtSeconds: (wallMs + expiresInMs) / 1000,
  },
})

function allow(subject: Subject, id = 'd1'): Allow {
  const asked: AccessRequest = {
    id,
    transaction: 't1',
    subject,
    action: 'sallyport:CallRoute',
    resource: 'arn:sallyport:route:test:public:f/GET /',
    context: {},
    actors: [],
    user: subject,
  }
  return { effect: 'allow', id, asked: [asked], reasons: [] }
}

const receipt = (decision: string) => sealReceipt({ decision, leafIndex: 0n, durability: 'written' })

describe('a grant', () => {
  test('needs the receipt of its own decision', () => {
    const administration = open()
    const alice = user('alice', [])
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
    const administration = open()
    const grant = administration.admit(allow(user('alice', [])), receipt('d1'))
    expect(administration.isCurrent({ ...grant })).toBe(false)
  })

  test('ends with its time, or with the credential if that is sooner', () => {
    const administration = open()
    const long = administration.admit(allow(user('alice', [])), receipt('d1'))
    const short = administration.admit(allow(user('bob', [], 10_000)), receipt('d1'))
    pass(10_000)
    expect([administration.isCurrent(long), administration.isCurrent(short)]).toEqual([true, false])
    pass(50_000)
    expect(administration.isCurrent(long)).toBe(false)
  })

  test('is not prolonged by turning back the wall clock', () => {
    const administration = open()
    const grant = administration.admit(allow(user('alice', [])), receipt('d1'))
    pass(59_000)
    wallMs -= hour
    expect(administration.isCurrent(grant)).toBe(true)
    pass(1_000)
    expect(administration.isCurrent(grant)).toBe(false)
  })

  test.each(['user/alice', 'session/session-of-alice'])('ends at once when %s is revoked', async (target) => {
    const administration = open()
    const ofAlice = administration.admit(allow(user('alice', [])), receipt('d1'))
    const ofBob = administration.admit(allow(user('bob', [])), receipt('d1'))
    await administration.revoke(target, 'logout')
    expect([administration.isCurrent(ofAlice), administration.isCurrent(ofBob)]).toEqual([false, true])
  })
})

test('a revocation holds even when the ledger refuses it, and says that it was not recorded', async () => {
  const administration = open()
  const grant = administration.admit(allow(user('alice', [])), receipt('d1'))
  broken = true
  await expect(administration.revoke('user/alice', 'left')).rejects.toThrow('disk')
  expect(administration.isCurrent(grant)).toBe(false)
})

describe('elevation', () => {
  const ada = user('ada', ['admin'])
  const grace = user('grace', ['admin'])

  test('is asked for, approved by another person, holds for its time and ends by itself', async () => {
    const administration = open()
    const { id } = await administration.request(ada, 'admin', 'ticket 7')
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    await administration.approve(id, grace)
    expect(administration.elevatedRoles(ada.id)).toEqual(['admin'])
    expect(administration.elevatedRoles(grace.id)).toEqual([])
    pass(hour)
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    await administration.sweep()
    expect(administration.find(id)?.state).toBe('ended')
  })

  test('is never approved by the one who asked, by somebody without the role, or twice', async () => {
    const administration = open()
    const { id } = await administration.request(ada, 'admin', 'why not')
    await expect(administration.approve(id, ada)).rejects.toMatchObject({ code: 'elevation.self_approval' })
    await expect(administration.approve(id, user('sam', ['support']))).rejects.toMatchObject({
      code: 'elevation.not_approver',
    })
    await administration.approve(id, grace)
    await expect(administration.approve(id, grace)).rejects.toMatchObject({ code: 'elevation.not_open' })
    await expect(administration.approve('nothing', grace)).rejects.toMatchObject({ code: 'elevation.unknown' })
  })

  test('is for the powers that were asked: a role that means more by then is not granted', async () => {
    const administration = open()
    const { id } = await administration.request(ada, 'admin', 'refund')
    powers = 'refunds and payouts'
    await expect(administration.approve(id, grace)).rejects.toMatchObject({ code: 'elevation.powers_changed' })
  })

  test('is not asked again while a request stands or an elevation lives', async () => {
    const administration = open()
    const first = await administration.request(ada, 'admin', 'one')
    expect((await administration.request(ada, 'admin', 'two')).id).toBe(first.id)
    await administration.approve(first.id, grace)
    expect((await administration.request(ada, 'admin', 'three')).id).toBe(first.id)
    pass(hour)
    expect((await administration.request(ada, 'admin', 'four')).id).not.toBe(first.id)
  })

  test('a request that nobody answered for a day is not open any more', async () => {
    const administration = open()
    const { id } = await administration.request(ada, 'admin', 'one')
    pass(24 * hour)
    await expect(administration.approve(id, grace)).rejects.toMatchObject({ code: 'elevation.not_open' })
  })

  test('ends the grants that were made under it', async () => {
    const administration = open({ grantLifetimeMs: 2 * hour })
    const { id } = await administration.request(ada, 'admin', 'one')
    await administration.approve(id, grace)
    const grant = administration.admit(allow(user('ada', ['admin'], 5 * hour)), receipt('d1'))
    expect(administration.isCurrent(grant)).toBe(true)
    pass(hour)
    // To the millisecond, not when the next sweep comes by.
    expect(administration.isCurrent(grant)).toBe(false)
  })

  test('ends the grants of its time also when the clock is set back', async () => {
    const administration = open({ grantLifetimeMs: 2 * hour })
    const { id } = await administration.request(ada, 'admin', 'one')
    await administration.approve(id, grace)
    const grant = administration.admit(allow(user('ada', ['admin'], 5 * hour)), receipt('d1'))
    wallMs -= hour
    await administration.sweep()
    expect(administration.isCurrent(grant)).toBe(false)
  })

  test('is requested once and approved once, however many ask at the same moment', async () => {
    const administration = open()
    const [one, two] = await Promise.all([1, 2].map(() => administration.request(ada, 'admin', 'now')))
    expect(one?.id).toBe(two?.id)
    const both = [grace, user('eve', ['admin'])].map((by) => administration.approve(one?.id ?? '', by))
    const outcomes = await Promise.allSettled(both)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(ledger.filter((record) => record.kind === 'elevation').map(({ event }) => event)).toEqual([
      'requested',
      'approved',
    ])
  })

  test('is recorded before it counts: when the ledger refuses, nothing changes', async () => {
    const administration = open()
    const { id } = await administration.request(ada, 'admin', 'one')
    broken = true
    await expect(administration.approve(id, grace)).rejects.toThrow('disk')
    expect(administration.elevatedRoles(ada.id)).toEqual([])
  })

  test('comes back from the ledger after a restart, with its end', async () => {
    const before = open()
    const { id } = await before.request(ada, 'admin', 'one')
    await before.approve(id, grace)
    await before.revoke('user/sam', 'left')
    monotonicMs = 0
    const after = open()
    expect(after.elevatedRoles(ada.id)).toEqual(['admin'])
    pass(hour)
    expect(after.elevatedRoles(ada.id)).toEqual([])
  })

  test('a wall clock that is turned back prolongs nothing', async () => {
    const administration = open()
    const { id } = await administration.request(ada, 'admin', 'one')
    await administration.approve(id, grace)
    pass(hour - 1)
    wallMs -= 10 * hour
    await administration.sweep()
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    expect(administration.find(id)?.state).toBe('ended')
  })

  test('a clock that stands before the last record at the start is not believed', async () => {
    const before = open()
    const { id } = await before.request(ada, 'admin', 'one')
    await before.approve(id, grace)
    wallMs -= hour
    const after = open()
    expect(after.elevatedRoles(ada.id)).toEqual([])
    await after.sweep()
    expect(after.find(id)?.state).toBe('ended')
  })
})
