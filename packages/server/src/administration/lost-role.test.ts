import { beforeEach, describe, expect, test } from 'vitest'

import { hour, makeWorld, type World } from './testing/harness.ts'

// What somebody may hold can be taken from them at any moment between asking and being given.
let world: World
beforeEach(() => {
  world = makeWorld()
})

describe('a role that somebody may not hold any more', () => {
  const refused = { code: 'elevation.not_eligible' }
  const lose = (account: string): void => void world.lost.add(`${account} admin`)

  test('is not asked for', async () => {
    const [administration, ada] = [world.open(), world.user('ada', ['admin'])]
    lose(ada.id)
    await expect(administration.request(ada, 'admin', 'one')).rejects.toMatchObject(refused)
    expect([world.ledger, world.announced]).toEqual([[], []])
    world.lost.clear()
    expect(await administration.request(ada, 'admin', 'one'), 'control').toMatchObject({ state: 'requested' })
  })

  test('is not consented to, and the consent stands nowhere', async () => {
    const administration = world.open()
    const [ada, grace] = [world.user('ada', ['admin']), world.user('grace', ['admin'])]
    const { id } = await administration.request(ada, 'admin', 'one')
    lose(ada.id)
    await expect(administration.approve(id, grace)).rejects.toMatchObject(refused)
    expect(world.ledger).toHaveLength(1)
    world.lost.clear()
    expect(await administration.approve(id, grace), 'control').toMatchObject({ state: 'granted' })
  })

  test('breaks no glass, and no alarm is raised for it', async () => {
    if (world.rule === undefined) throw new Error('the world has no rule')
    world.rule = { ...world.rule, breakGlassMs: hour / 4 }
    const [administration, ada] = [world.open(), world.user('ada', ['admin'])]
    lose(ada.id)
    await expect(administration.breakGlass(ada, 'admin', 'fire')).rejects.toMatchObject(refused)
    expect(world.ledger).toEqual([])
    world.lost.clear()
    expect(await administration.breakGlass(ada, 'admin', 'fire'), 'control').toMatchObject({ state: 'granted' })
  })
})
