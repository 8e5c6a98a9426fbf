import { expect, test } from 'vitest'

import { soak } from './testing/soak.ts'

// `npm run soak` makes a million of them.
test('5,000 invocations, crashes and deadlines among them, leave nothing', async () => {
  const { answered, boxes, wrong, left } = await soak(5_000)
  expect(wrong).toEqual([])
  expect(answered).toBe(5_000)
  expect(boxes, 'control: boxes came and went').toBeGreaterThan(8)
  expect(left).toEqual([])
}, 300_000)
