import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { parserBundle } from './parser-bundle.ts'
import { processesBelow } from '../testing/inventory.ts'

test('whoever has made the bundle of a parser is gone with it', async () => {
  const bundle = await parserBundle()
  const sizes = await Promise.all([bundle.make(), bundle.make()].map(async (made) => (await made).length))
  for (const size of sizes) expect(size, 'control').toBeGreaterThan(10_000)
  const bundlers = (): readonly string[] =>
    processesBelow(process.pid)
      .map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'latin1'))
      .filter((command) => command.includes('esbuild'))
  await expect.poll(bundlers, { timeout: 10_000 }).toEqual([])
})
