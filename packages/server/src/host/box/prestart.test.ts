import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, expect, test, vi } from 'vitest'

import { findCgroups, removeEngineGroups } from '../kernel/cgroups.ts'
import { createTurns } from '../pool/turns.ts'
import { codeFolder, imageOf, invocationOf, openFolder } from '../testing/make-engine.ts'
import { areComplete, findTools } from '../tools.ts'
import { closing, startBox } from './box.ts'
import type { BoxSurroundings } from './box-surroundings.ts'
import { discardBox, prepareBox, prestart } from './prepared-box.ts'
import { prepareRuntimeFolder } from './runtime-folder.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = openFolder()
const doors: string[] = []
const cgroups = findCgroups()
const engineId = `sallyport-${process.pid}-prestart`
afterAll(() => {
  if (cgroups !== undefined) removeEngineGroups(cgroups, engineId)
  rmSync(folder, { recursive: true, force: true })
})

async function surroundings(): Promise<BoxSurroundings> {
  const { found: tools } = findTools()
  if (!areComplete(tools)) throw new Error('bubblewrap, iproute2 and util-linux are needed')
  return {
    engineId,
    runtime: await prepareRuntimeFolder(join(folder, 'runtime'), process.execPath),
    tools,
    cgroups,
    attachExits: ({ boxId }) => {
      doors.push(`opened for ${boxId}`)
      return { endInvocation: () => undefined, close: () => void doors.push(`closed for ${boxId}`) }
    },
    boxExtras: () => ({ environment: {}, caPem: '' }),
    onOutput: () => undefined,
    onEvent: () => undefined,
    clock: Date.now,
    random: (bytes) => randomBytes(bytes),
    turns: createTurns(4, 1_000),
  }
}

const uid = process.getuid?.() === 0 ? 210_998 : undefined
const image = imageOf({ codeDir: codeFolder(folder) })

/** Command lines of a process and all below it. */
function running(pid: number): readonly string[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  )
  return [readFileSync(`/proc/${pid}/cmdline`, 'latin1'), ...children.flatMap(running)]
}

test('a runtime that was started ahead of need waits without a door, and serves when it is assigned', async () => {
  const around = await surroundings()
  const prepared = await prestart(image, await prepareBox(image, uid, around), around)
  expect(prepared.launched).toBe(true)
  await expect
    .poll(() => running(prepared.pod.pid).filter((line) => line.startsWith('/var/lang/bin/node')), { timeout: 30_000 })
    .toHaveLength(1)
  expect(doors).toEqual([])
  const idle = Promise.withResolvers<void>()
  const box = startBox(image, prepared, around, { onIdle: () => idle.resolve(), onEnd: () => idle.resolve() })
  expect(doors).toEqual([`opened for ${box.id}`])
  await idle.promise
  expect(await box.run(invocationOf({ probe: 'echo', value: 7 }))).toEqual({ kind: 'response', body: Buffer.from('7') })
  box.kill(closing)
  await box.gone
})

test('one that nobody came for leaves nothing behind, at the door either', async () => {
  const around = await surroundings()
  doors.length = 0
  const prepared = await prestart(image, await prepareBox(image, uid, around), around)
  await discardBox(prepared, around)
  expect(doors).toEqual([`opened for ${prepared.id}`, `closed for ${prepared.id}`])
  expect(() => process.kill(prepared.pod.pid, 0)).toThrow()
})

test('a runtime that cannot wait is not started before its time', async () => {
  const around = await surroundings()
  const foreign = { ...image, runtime: 'bootstrap' } as const
  const prepared = await prestart(foreign, await prepareBox(foreign, uid, around), around)
  expect(prepared.launched).toBeUndefined()
  await discardBox(prepared, around)
})
