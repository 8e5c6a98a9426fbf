import { expect, test } from 'vitest'

import { hour, makeWorld } from './testing/harness.ts'

test('an approval is not used again by a consent of one’s own other account, or of one counted already', async () => {
  const world = makeWorld()
  if (world.rule === undefined) throw new Error('the world has no rule')
  world.rule = { ...world.rule, approvals: 2, approvalMs: 3 * hour }
  const [ada, grace, eve] = [world.user('ada', ['admin']), world.user('grace', ['admin']), world.user('eve', ['admin'])]
  const administration = world.open()
  const { id } = await administration.request(ada, 'admin', 'one')
  await administration.approve(id, grace)
  expect(await administration.approve(id, eve)).toMatchObject({ state: 'granted' })
  world.pass(hour)
  await administration.sweep()
  for (const person of [
    [ada.id, eve.id],
    [grace.id, eve.id],
  ]) {
    world.persons = [person]
    expect((await administration.request(ada, 'admin', 'again')).state).not.toBe('granted')
    expect(administration.elevatedRoles(ada.id)).toEqual([])
  }
  world.persons = []
  expect(await administration.request(ada, 'admin', 'again'), 'control').toMatchObject({ id, state: 'granted' })
})
