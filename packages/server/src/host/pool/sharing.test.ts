import { expect, it } from 'vitest'

import { createSharing } from './sharing.ts'

it('many boxes at work share the weight of one, and get it back when they rest', () => {
  let working = 0
  const told: number[] = []
  const sharing = createSharing(
    () => working,
    (among) => void told.push(among),
  )
  for (working = 1; working <= 16; working++) sharing.more()
  expect(told).toEqual([2, 4, 8, 16])
  working = 3
  sharing.more()
  expect(sharing.among(), 'a box that rests for a moment changes nothing').toBe(16)
  sharing.fewer()
  working = 0
  sharing.fewer()
  expect(told).toEqual([2, 4, 8, 16, 4, 1])
})
