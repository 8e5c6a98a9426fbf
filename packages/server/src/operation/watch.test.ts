import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { reloadOnChange } from './watch.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-watch-'))
  for (const name of ['.sallyport', 'node_modules', 'src/.sallyport'])
    mkdirSync(join(folder, name), { recursive: true })
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a change is taken up, and none of the state folder or of installed modules', async () => {
  let reloads = 0
  const stop = reloadOnChange(
    folder,
    async () => void (reloads += 1),
    () => undefined,
  )
  for (const name of ['.sallyport/a', 'node_modules/b', 'src/.sallyport/c']) writeFileSync(join(folder, name), 'x')
  await new Promise((resolve) => setTimeout(resolve, 800))
  expect(reloads).toBe(0)
  writeFileSync(join(folder, 'src/app.ts'), 'x')
  await expect.poll(() => reloads, { timeout: 30_000 }).toBe(1)
  await stop()
})

test('one reload follows another, what fails is told, and the end waits for what is under way', async () => {
  const log: string[] = []
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>()
  const stop = reloadOnChange(
    folder,
    async () => {
      log.push('begins')
      if (log.length === 1) throw new Error('broken')
      await mayEnd
      log.push('ends')
    },
    (cause) => void log.push(String(cause)),
  )
  writeFileSync(join(folder, 'a.ts'), 'x')
  await expect.poll(() => log, { timeout: 30_000 }).toEqual(['begins', 'Error: broken'])
  writeFileSync(join(folder, 'a.ts'), 'y')
  await expect.poll(() => log.at(-1), { timeout: 30_000 }).toBe('begins')
  writeFileSync(join(folder, 'a.ts'), 'z')
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(log).toEqual(['begins', 'Error: broken', 'begins'])
  let stopped = false
  const stopping = stop().then(() => (stopped = true))
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(stopped).toBe(false)
  end()
  await stopping
  expect(log.at(-1)).toBe('ends')
})
