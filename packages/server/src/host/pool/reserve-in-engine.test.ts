import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, expect, test, vi } from 'vitest'

import { makeEngine, openFolder } from '../testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = openFolder()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('an engine serves calls in boxes that belonged to no function, and leaves none of them', async () => {
  const runtimeDir = join(folder, 'runtime')
  const under = await makeEngine({ reserve: true, runtimeDir })
  await under.deploy({ reuse: 'never' })
  const boxes = join(runtimeDir, 'boxes')
  const withCode = (): readonly string[] =>
    readdirSync(boxes).flatMap((engine) =>
      readdirSync(join(boxes, engine)).filter((box) => existsSync(join(boxes, engine, box, 'index.mjs'))),
    )
  let used = 0
  // Until one waits, boxes are made for the function.
  const callAndLook = async (): Promise<number> => {
    const call = under.call({ probe: 'wait', ms: 200 })
    const looking = setInterval(() => (used = Math.max(used, withCode().length)), 10)
    await call.finally(() => clearInterval(looking))
    return used
  }
  await expect.poll(callAndLook, { timeout: 30_000, interval: 300 }).toBeGreaterThan(0)
  await under.engine.close()
  expect(readdirSync(boxes)).toEqual([])
  await under.close()
})
