import { rmSync } from 'node:fs'
import { Socket } from 'node:net'

import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'

import { codeFolder, imageOf, invocationOf, openFolder } from '../testing/make-engine.ts'
import { commandsBelow, openSurroundings, type TestSurroundings } from '../testing/surroundings.ts'
import { closing, startBox } from './box.ts'
import { discardBox, prepareBox, prestart } from './prepared-box.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = openFolder()
let around: TestSurroundings
beforeAll(async () => {
  around = await openSurroundings(folder)
})
beforeEach(() => void (around.doors.length = 0))
afterAll(() => {
  around.close()
  rmSync(folder, { recursive: true, force: true })
})

const uid = process.getuid?.() === 0 ? 210_998 : undefined
const image = imageOf({ codeDir: codeFolder(folder) })

test('a runtime that was started ahead of need waits without a door, and serves when it is assigned', async () => {
  const prepared = await prestart(image, await prepareBox(image, uid, around), around)
  expect(prepared.launched).toBe(true)
  await expect
    .poll(() => commandsBelow(prepared.pod.pid).filter((line) => line.startsWith('/var/lang/bin/node')), {
      timeout: 30_000,
    })
    .toHaveLength(1)
  expect(around.doors).toEqual([])
  const idle = Promise.withResolvers<void>()
  const box = startBox(image, prepared, around, { onIdle: () => idle.resolve(), onEnd: () => idle.resolve() })
  expect(around.doors).toEqual([`opened for ${box.id}`])
  await idle.promise
  expect(await box.run(invocationOf({ probe: 'echo', value: 7 }))).toEqual({ kind: 'response', body: Buffer.from('7') })
  box.kill(closing)
  await box.gone
})

test('one that nobody came for leaves nothing behind, at the door either', async () => {
  const prepared = await prestart(image, await prepareBox(image, uid, around), around)
  await discardBox(prepared, around)
  expect(around.doors).toEqual([`opened for ${prepared.id}`, `closed for ${prepared.id}`])
  expect(() => process.kill(prepared.pod.pid, 0)).toThrow()
})

test('what connects while it is being ended is ended with it', async () => {
  const prepared = await prestart(image, await prepareBox(image, uid, around), around)
  const ending = discardBox(prepared, around)
  const late = new Socket()
  prepared.pod.listeners.runtime.emit('connection', late)
  expect(late.destroyed, 'control').toBe(false)
  await ending
  expect(late.destroyed).toBe(true)
})

test('a runtime that cannot wait is not started before its time', async () => {
  const foreign = { ...image, runtime: 'bootstrap' } as const
  const prepared = await prestart(foreign, await prepareBox(foreign, uid, around), around)
  expect(prepared.launched).toBeUndefined()
  await discardBox(prepared, around)
})
