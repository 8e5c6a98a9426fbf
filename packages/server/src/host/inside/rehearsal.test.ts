import { getHeapSpaceStatistics } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { expect, it } from 'vitest'

const youngBytes = (): number => getHeapSpaceStatistics().find((one) => one.space_name === 'new_space')?.space_size ?? 0

it('a runtime that waits gives back a young generation that has grown, and no collector is left', async () => {
  const module = new URL('./rehearsal.mjs', import.meta.url).href
  const { giveBack } = (await import(module)) as { readonly giveBack: () => void }
  const kept = Array.from({ length: 64 }, () => Array.from({ length: 4_096 }, () => ({})))
  const grown = youngBytes()
  giveBack()
  expect(youngBytes()).toBeLessThan(grown)
  expect(kept).toHaveLength(64)
  expect(runInNewContext('typeof gc')).toBe('undefined')
})
