import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { endAbandoned, mark, sandboxed } from './abandoned.ts'
import { isAlive } from './alive.ts'
import { type BoxEngineOptions, createBoxEngine } from '../box-engine.ts'
import { startParser } from '../box/parser-process.ts'
import { prepareRuntimeFolder } from '../box/runtime-folder.ts'
import { heldSandbox, ownTools } from '../testing/abandoned.ts'
import { openFolder } from '../testing/make-engine.ts'

let folder = ''
let made: Awaited<ReturnType<typeof heldSandbox>>[] = []
beforeEach(() => {
  folder = openFolder()
  made = []
})
afterEach(() => {
  for (const { watch, first } of made) {
    watch.kill('SIGKILL')
    if (isAlive(first)) process.kill(first, 'SIGKILL')
  }
  rmSync(folder, { recursive: true, force: true })
})

async function sandbox({ marked = true, abandoned = true } = {}): Promise<number> {
  const one = await heldSandbox(ownTools(folder).bwrap, marked)
  made.push(one)
  if (!abandoned) return one.first
  const gone = once(one.watch, 'exit')
  one.watch.kill('SIGKILL')
  await gone
  return one.first
}

const ended = (pid: number): Promise<void> =>
  vi.waitFor(() => expect(isAlive(pid), 'it lives on').toBe(false), { timeout: 5_000 })

test('a sandbox of ours that nobody watches over is ended: no other, of ours or of anybody', async () => {
  const abandoned = await sandbox()
  const [watched, foreign] = [await sandbox({ abandoned: false }), await sandbox({ marked: false })]
  expect([abandoned, watched, foreign].map(isAlive), 'control').toEqual([true, true, true])
  const kill = vi.spyOn(process, 'kill') // whoever is killed may take its time to be gone
  await endAbandoned(ownTools(folder).bwrap)
  const ours = [abandoned, watched, foreign, ...made.map(({ watch }) => watch.pid)]
  expect(kill.mock.calls.filter(([pid]) => ours.includes(pid))).toEqual([[abandoned, 'SIGKILL']])
  kill.mockRestore()
  await ended(abandoned)
  expect([watched, foreign].map(isAlive)).toEqual([true, true])
  expect(isAlive(made[1]?.watch.pid ?? 0), 'who watches').toBe(true)
}, 60_000)

test('an engine that begins ends what one that was killed has left', async () => {
  const abandoned = await sandbox()
  const options = {
    findTools: () => ({ found: ownTools(folder), missing: [] }),
    runtimeDir: join(folder, 'runtime'),
    execPath: process.execPath,
    random: (bytes: number) => new Uint8Array(bytes),
  }
  const engine = await createBoxEngine(options as Partial<BoxEngineOptions> as BoxEngineOptions)
  await engine.close()
  await ended(abandoned)
}, 60_000)

test('a parser that is ended before it serves leaves nobody behind', async () => {
  const abandoned = await sandbox() // as its own would be, at a moment that cannot be met at will
  const runtime = await prepareRuntimeFolder(join(folder, 'runtime'), process.execPath)
  const parser = startParser(runtime, ownTools(folder), { entrances: [] })
  parser.kill()
  await parser.gone
  await ended(abandoned)
}, 60_000)

test('each sandbox of ours says on its command line whose it is', async () => {
  const tools = ownTools(folder)
  const runtime = await prepareRuntimeFolder(join(folder, 'runtime'), process.execPath)
  const parser = startParser(runtime, tools, { entrances: [] })
  const said = (): string => readFileSync(`/proc/${parser.pid}/cmdline`, 'latin1')
  const begun = [tools.bwrap, ...mark]
  await vi.waitFor(() => expect(said().split('\0').slice(0, 3)).toEqual(begun), { timeout: 20_000 })
  parser.kill()
  await parser.gone
  expect(sandboxed(tools.bwrap, 6).slice(0, 3)).toEqual(begun)
}, 60_000)
