import { expect, test } from 'vitest'

import { createLane } from './lane.ts'

const begun = expect.any(Function)

test('so many are inside at once, so many wait, and the others are turned away', async () => {
  const lane = createLane(1, 1)
  const leave = await lane.enter(60_000)
  const second = lane.enter(60_000)
  expect(await lane.enter(60_000)).toBe('full')
  expect(leave).toEqual(begun)
  if (typeof leave === 'function') leave()
  expect(await second).toEqual(begun)
})

test('who waited for too long is late, and nobody else’s turn is lost', async () => {
  const lane = createLane(1, 2)
  const leave = await lane.enter(60_000)
  const [late, patient] = [lane.enter(10), lane.enter(60_000)]
  expect(await late).toBe('late')
  if (typeof leave === 'function') leave()
  expect(await patient).toEqual(begun)
})

test('those who wait are told when nobody serves them any more', async () => {
  const lane = createLane(1, 1)
  await lane.enter(60_000)
  const waits = lane.enter(60_000)
  lane.clear()
  expect(await waits).toBe('late')
})
