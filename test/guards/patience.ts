// Runs before each test file of a house: the whole one has all the time that a busy machine may take.
import { sep } from 'node:path'

import { expect, vi } from 'vitest'

if (expect.getState().testPath?.includes(`${sep}whole${sep}`) === true)
  vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000, expect: { poll: { timeout: 30_000 } } })
