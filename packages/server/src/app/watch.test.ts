import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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

test('saving by another file in its place is heard each time, and so are folders that are new', async () => {
  let reloads = 0
  const stop = reloadOnChange(
    folder,
    async () => void (reloads += 1),
    (cause) => expect.fail(String(cause)),
  )
  const save = (name: string): void => {
    writeFileSync(join(folder, `${name}.tmp`), 'x')
    renameSync(join(folder, `${name}.tmp`), join(folder, name))
  }
  const isHeard = async (change: () => void): Promise<void> => {
    const before = reloads
    change()
    await expect.poll(() => reloads, { timeout: 30_000 }).toBeGreaterThan(before)
    // Until nothing more of the same change comes: the next one is heard by itself.
    for (let seen = -1; seen !== reloads; await new Promise((resolve) => setTimeout(resolve, 150))) seen = reloads
  }
  for (let time = 0; time < 3; time++) await isHeard(() => save('src/app.ts'))
  await isHeard(() => writeFileSync(join(folder, 'src/app.ts'), 'y'))
  // What cannot be read, as an editor's own file for a moment, ends nothing.
  await isHeard(() => writeFileSync(join(folder, 'src/closed.ts'), 'x', { mode: 0 }))
  await isHeard(() => mkdirSync(join(folder, 'src/new/inner'), { recursive: true }))
  await isHeard(() => save('src/new/inner/a.ts'))
  await isHeard(() => {
    rmSync(join(folder, 'src/new'), { recursive: true })
    mkdirSync(join(folder, 'src/new'))
  })
  await isHeard(() => save('src/new/b.ts'))
  await stop()
})

test('what left nothing else behind is no change, however often it is heard of', async () => {
  let reloads = 0
  const stop = reloadOnChange(
    folder,
    async () => void (reloads += 1),
    (cause) => expect.fail(String(cause)),
  )
  writeFileSync(join(folder, 'src/app.ts'), 'x')
  await expect.poll(() => reloads, { timeout: 30_000 }).toBe(1)
  for (let time = 0; time < 3; time++) {
    // What an editor or `learn` writes beside the file before it takes its place.
    writeFileSync(join(folder, 'src/app.ts.tmp'), 'y')
    rmSync(join(folder, 'src/app.ts.tmp'))
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  expect(reloads).toBe(1)
  writeFileSync(join(folder, 'src/app.ts'), 'z') // as long as before
  await expect.poll(() => reloads, { timeout: 30_000 }).toBe(2)
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
