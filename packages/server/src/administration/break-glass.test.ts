import { expect, test } from 'vitest'

import { hour, makeWorld } from './testing/harness.ts'

test('the glass of a role is broken three times a day by a person, over restarts, accounts and clocks', async () => {
  const world = makeWorld()
  if (world.rule === undefined) throw new Error('the world has no rule')
  world.rule = { ...world.rule, breakGlassMs: hour / 4 }
  const [ada, alias, grace] = [
    world.user('ada', ['admin']),
    world.user('alias', ['admin']),
    world.user('grace', ['admin']),
  ]
  let administration = world.open()
  const often = { code: 'elevation.glass_broken_often' }
  for (let time = 0; time < 3; time++) {
    expect(await administration.breakGlass(ada, 'admin', 'fire'), 'control').toMatchObject({ state: 'granted' })
    // What runs already is given back, and is not another one.
    await administration.breakGlass(ada, 'admin', 'fire')
    world.pass(hour)
    await administration.sweep()
  }
  const alarms = (): number => world.ledger.filter(({ kind }) => kind === 'alarm').length
  expect(alarms()).toBe(3)
  await expect(administration.breakGlass(ada, 'admin', 'fire')).rejects.toMatchObject(often)
  administration = world.open()
  await expect(administration.breakGlass(ada, 'admin', 'fire')).rejects.toMatchObject(often)
  world.wallMs -= 48 * hour
  await expect(administration.breakGlass(ada, 'admin', 'fire')).rejects.toMatchObject(often)
  world.wallMs += 48 * hour
  world.persons = [[ada.id, alias.id]]
  await expect(administration.breakGlass(alias, 'admin', 'fire')).rejects.toMatchObject(often)
  expect(alarms()).toBe(3)
  expect(administration.elevatedRoles(ada.id)).toEqual([])
  // Others may, and so may she with their consent, or once a day has passed.
  expect(await administration.breakGlass(grace, 'admin', 'fire')).toMatchObject({ state: 'granted' })
  const { id } = await administration.request(ada, 'admin', 'fire')
  expect(await administration.approve(id, grace)).toMatchObject({ state: 'granted' })
  world.pass(25 * hour)
  await administration.sweep()
  expect(await administration.breakGlass(ada, 'admin', 'fire')).toMatchObject({ state: 'granted' })
})
