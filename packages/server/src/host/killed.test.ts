import { expect, test, vi } from 'vitest'

import { findCgroups } from '../start/index.ts'
import { killing } from './testing/killing.ts'

vi.setConfig({ testTimeout: 120_000 })

test('whichever process is killed, other functions answer, and its own does again', async () => {
  const { kinds, wrong, left } = await killing({ rounds: 3, seed: 20_261_128n })
  expect(wrong).toEqual([])
  expect(left).toEqual([])
  // Control: something of each kind was there to be killed.
  const janitor = findCgroups() === undefined ? [] : ['janitor']
  expect([...kinds].toSorted()).toEqual(['first of a box', ...janitor, 'of nobody', 'runtime', 'watch over a box'])
})
