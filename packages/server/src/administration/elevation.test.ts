import type { Subject } from '@sallyport/core/access'
import { beforeEach, describe, expect, test } from 'vitest'

import type { ElevationRule } from './elevate.ts'
import { allow, hour, makeWorld, receipt, type World } from './testing/harness.ts'

let world: World
beforeEach(() => {
  world = makeWorld()
})

describe('elevation', () => {
  let ada: Subject
  let grace: Subject
  let eve: Subject
  beforeEach(() => {
    ada = world.user('ada', ['admin'])
    grace = world.user('grace', ['admin'])
    eve = world.user('eve', ['admin'])
  })

  test('is asked for, approved by another person, holds for its time and ends by itself', async () => {
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'ticket 7')
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    await administration.approve(id, grace)
    expect(administration.elevatedRoles(ada.id)).toEqual(['admin'])
    expect(administration.elevatedRoles(grace.id)).toEqual([])
    world.pass(hour)
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    await administration.sweep()
    expect(administration.find(id)?.state).toBe('ended')
  })

  test('is never approved by the one who asked, by somebody without the role, or twice', async () => {
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'why not')
    await expect(administration.approve(id, ada)).rejects.toMatchObject({ code: 'elevation.self_approval' })
    await expect(administration.approve(id, world.user('sam', ['support']))).rejects.toMatchObject({
      code: 'elevation.not_approver',
    })
    await administration.approve(id, grace)
    await expect(administration.approve(id, grace)).rejects.toMatchObject({ code: 'elevation.not_open' })
    await expect(administration.approve('nothing', grace)).rejects.toMatchObject({ code: 'elevation.unknown' })
  })

  test('is for the powers that were asked: a role that means more by then is not granted', async () => {
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'refund')
    world.powers = 'refunds and payouts'
    await expect(administration.approve(id, grace)).rejects.toMatchObject({ code: 'elevation.powers_changed' })
  })

  test('is not asked again while a request stands or an elevation lives', async () => {
    const administration = world.open()
    const first = await administration.request(ada, 'admin', 'one')
    expect((await administration.request(ada, 'admin', 'two')).id).toBe(first.id)
    await administration.approve(first.id, grace)
    expect((await administration.request(ada, 'admin', 'three')).id).toBe(first.id)
    world.pass(hour)
    expect((await administration.request(ada, 'admin', 'four')).id).not.toBe(first.id)
  })

  test('a request that nobody answered for a day is not open any more', async () => {
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'one')
    world.pass(24 * hour)
    await expect(administration.approve(id, grace)).rejects.toMatchObject({ code: 'elevation.not_open' })
  })

  test('ends the grants that were made under it', async () => {
    const administration = world.open({ grantLifetimeMs: 2 * hour })
    const { id } = await administration.request(ada, 'admin', 'one')
    await administration.approve(id, grace)
    const grant = administration.admit(allow(world.user('ada', ['admin'], 5 * hour)), receipt('d1'))
    expect(administration.isCurrent(grant)).toBe(true)
    world.pass(hour)
    // To the millisecond, not when the next sweep comes by.
    expect(administration.isCurrent(grant)).toBe(false)
  })

  test('ends the grants of its time also when the clock is set back', async () => {
    const administration = world.open({ grantLifetimeMs: 2 * hour })
    const { id } = await administration.request(ada, 'admin', 'one')
    await administration.approve(id, grace)
    const grant = administration.admit(allow(world.user('ada', ['admin'], 5 * hour)), receipt('d1'))
    world.wallMs -= hour
    await administration.sweep()
    expect(administration.isCurrent(grant)).toBe(false)
  })

  test('is requested once and approved once, however many ask at the same moment', async () => {
    const administration = world.open()
    const [one, two] = await Promise.all([1, 2].map(() => administration.request(ada, 'admin', 'now')))
    expect(one?.id).toBe(two?.id)
    const both = [grace, eve].map((by) => administration.approve(one?.id ?? '', by))
    const outcomes = await Promise.allSettled(both)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(world.ledger.filter((record) => record.kind === 'elevation').map(({ event }) => event)).toEqual([
      'requested',
      'approved',
      'granted',
    ])
    expect(world.announced).toEqual([one?.id])
  })

  test('is recorded before it counts: when the ledger refuses, nothing changes', async () => {
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'one')
    world.broken = true
    await expect(administration.approve(id, grace)).rejects.toThrow('disk')
    expect(administration.find(id)).toMatchObject({ state: 'requested', approvedBy: [] })
    expect(administration.elevatedRoles(ada.id)).toEqual([])
  })

  test('comes back from the ledger after a restart, with its end', async () => {
    const before = world.open()
    const { id } = await before.request(ada, 'admin', 'one')
    await before.approve(id, grace)
    await before.revoke('user/sam', 'left')
    Object.assign(world, { monotonicMs: 0, bootId: 'second' })
    const after = world.open()
    expect(after.elevatedRoles(ada.id)).toEqual(['admin'])
    world.pass(hour)
    expect(after.elevatedRoles(ada.id)).toEqual([])
  })

  test('a wall clock that is turned back prolongs nothing', async () => {
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'one')
    await administration.approve(id, grace)
    world.pass(hour - 1)
    world.wallMs -= 10 * hour
    await administration.sweep()
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    expect(administration.find(id)?.state).toBe('ended')
  })

  test('a clock that stands before the last record at the start is not believed', async () => {
    const before = world.open()
    const { id } = await before.request(ada, 'admin', 'one')
    await before.approve(id, grace)
    world.wallMs -= hour
    const after = world.open()
    expect(after.elevatedRoles(ada.id)).toEqual([])
    await after.sweep()
    expect(after.find(id)?.state).toBe('ended')
  })

  test('by the machine’s own clock outlives no restart with the wall clock set back', async () => {
    const before = world.open()
    const { id } = await before.request(ada, 'admin', 'one')
    await before.approve(id, grace)
    const recordedAt = world.wallMs
    world.pass(hour) // while no server runs; then somebody sets the clock to where the ledger ends
    world.wallMs = recordedAt
    expect(world.open().elevatedRoles(ada.id)).toEqual([])
    world.bootId = 'second' // the control: nothing is known of another boot's time
    expect(world.open().elevatedRoles(ada.id)).toEqual(['admin'])
  })

  test('needs as many persons as the manifest says, and the same person counts once', async () => {
    world.rule = { ...ruleOf(world), approvals: 2 }
    world.persons = [[grace.id, 'arn:sallyport:identity:test::user/pool:grace']]
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'one')
    expect(await administration.approve(id, grace)).toMatchObject({ state: 'requested', approvedBy: [grace.id] })
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    for (const again of [grace, world.user('pool:grace', ['admin'])]) {
      await expect(administration.approve(id, again)).rejects.toMatchObject({ code: 'elevation.already_approved' })
    }
    // The consent of somebody who may not approve any more does not count.
    world.lost.add(`${grace.id} admin`)
    expect(await administration.approve(id, eve)).toMatchObject({ state: 'requested' })
    world.lost.clear()
    expect(await administration.approve(id, world.user('kim', ['admin']))).toMatchObject({ state: 'granted' })
  })

  test('is not approved by a second account of the one who asked', async () => {
    world.persons = [[ada.id, 'arn:sallyport:identity:test::user/ada-ops']]
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'one')
    const second = world.user('ada-ops', ['admin'])
    await expect(administration.approve(id, second)).rejects.toMatchObject({ code: 'elevation.self_approval' })
    expect(await administration.approve(id, grace)).toMatchObject({ state: 'granted' }) // the control
  })

  test('may be used again while its approval lives, without asking, and not beyond', async () => {
    world.rule = { ...ruleOf(world), approvalMs: 3 * hour - 1 }
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'one')
    await administration.approve(id, grace)
    for (let again = 0; again < 2; again++) {
      world.pass(hour)
      await administration.sweep()
      expect(administration.find(id)?.state).toBe('approved')
      expect(administration.elevatedRoles(ada.id)).toEqual([])
      expect(await administration.request(ada, 'admin', 'again')).toMatchObject({ id, state: 'granted' })
      expect(administration.elevatedRoles(ada.id)).toEqual(['admin'])
    }
    world.pass(hour - 1)
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    expect(await administration.request(ada, 'admin', 'again')).toMatchObject({ state: 'requested' })
  })

  test.each<[string, (w: World) => void]>([
    ['the role means something else', (w) => (w.powers = 'payouts')],
    ['the role was taken away', (w) => w.lost.add(`${ada.id} admin`)],
    ['the role is not elevated any more', (w) => (w.rule = undefined)],
  ])('counts no more from the moment that %s, nor when that is undone', async (_, change) => {
    const { powers, rule } = world
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'one')
    await administration.approve(id, grace)
    const grant = administration.admit(allow(ada, ['admin']), receipt('d1'))
    expect(administration.isCurrent(grant)).toBe(true)
    change(world)
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    await administration.sweep()
    Object.assign(world, { powers, rule })
    world.lost.clear()
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    expect(administration.isCurrent(grant)).toBe(false)
  })

  test('that ended while a decision on it was made durable admits nothing', async () => {
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'one')
    await administration.approve(id, grace)
    const decided = allow(ada, administration.elevatedRoles(ada.id))
    expect(administration.isCurrent(administration.admit(decided, receipt('d1')))).toBe(true)
    await administration.end(id, grace, 'enough')
    expect(administration.isCurrent(administration.admit(decided, receipt('d1')))).toBe(false)
  })

  test('is denied by an approver, and then by nobody approved', async () => {
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'one')
    await expect(administration.deny(id, world.user('sam', ['support']), 'no')).rejects.toMatchObject({
      code: 'elevation.not_approver',
    })
    expect(await administration.deny(id, grace, 'no')).toMatchObject({ state: 'denied' })
    await expect(administration.approve(id, eve)).rejects.toMatchObject({ code: 'elevation.not_open' })
    await expect(administration.deny(id, eve, 'no')).rejects.toMatchObject({ code: 'elevation.not_open' })
  })

  test('is ended by its holder or an approver; the same approval then elevates nobody', async () => {
    const administration = world.open()
    for (const by of [ada, grace]) {
      const { id } = await administration.request(ada, 'admin', 'one')
      await administration.approve(id, grace)
      await expect(administration.end(id, world.user('sam', ['support']), 'no')).rejects.toMatchObject({
        code: 'elevation.not_approver',
      })
      expect(await administration.end(id, by, 'done')).toMatchObject({ state: 'ended' })
      expect(administration.elevatedRoles(ada.id)).toEqual([])
      await expect(administration.approve(id, grace)).rejects.toMatchObject({ code: 'elevation.not_open' })
      await expect(administration.end(id, by, 'done')).rejects.toMatchObject({ code: 'elevation.not_open' })
    }
  })

  test('ends when its user is revoked', async () => {
    const administration = world.open()
    const { id } = await administration.request(ada, 'admin', 'one')
    await administration.approve(id, grace)
    await administration.revoke('user/ada', 'left')
    expect(administration.find(id)?.state).toBe('ended')
  })

  test('without approval breaks a glass that is there, with an alarm first, and briefly', async () => {
    const administration = world.open()
    await expect(administration.breakGlass(ada, 'admin', 'fire')).rejects.toMatchObject({
      code: 'elevation.no_break_glass',
    })
    world.rule = { ...ruleOf(world), breakGlassMs: hour / 4 }
    expect(await administration.breakGlass(ada, 'admin', 'fire')).toMatchObject({ state: 'granted', breakGlass: true })
    expect(world.ledger.map((record) => ('code' in record ? record.code : record.kind))).toEqual([
      'elevation.break_glass',
      'elevation',
      'elevation',
    ])
    expect(administration.elevatedRoles(ada.id)).toEqual(['admin'])
    world.pass(hour / 4)
    expect(administration.elevatedRoles(ada.id)).toEqual([])
    await administration.sweep()
    // No approval stands behind it that could be used again.
    expect(await administration.request(ada, 'admin', 'again')).toMatchObject({ state: 'requested' })
    world.broken = true
    await expect(administration.breakGlass(ada, 'admin', 'fire')).rejects.toThrow('disk')
  })
})

const ruleOf = ({ rule }: World): ElevationRule => {
  if (rule === undefined) throw new Error('the world has no rule')
  return rule
}
