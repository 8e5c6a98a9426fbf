import { readFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { codeFolder, type EngineUnderTest } from './testing/make-engine.ts'
import { openTrap, type Trap } from './testing/traps.ts'

const root = process.getuid?.() === 0

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let under: EngineUnderTest
let outside: Trap['outside']
let folder: string
let trap: Trap

beforeAll(async () => {
  trap = await openTrap()
  ;({ under, outside, folder } = trap)
})
afterAll(() => trap.close())

describe('what a box can use up', () => {
  it('a flood of output is cut, and harms no neighbour', async () => {
    await under.deploy({ name: 'neighbour' })
    await under.call({ probe: 'echo' }, { functionName: 'neighbour' })
    await under.call({ probe: 'echo' }) // a start may take longer than the flood
    const before = under.output.length
    const flood = under.invoke({ probe: 'flood', megabytes: 40 }, { deadline: Date.now() + 1_500 })
    const first = await Promise.race([
      under.call({ probe: 'echo', value: 'served' }, { functionName: 'neighbour' }),
      flood,
    ])
    expect(first, 'the neighbour is served while the flood runs').toBe('served')
    await flood
    const bytes = under.output.slice(before).reduce((sum, { text }) => sum + text.length, 0)
    expect(bytes).toBeLessThan(3 * 256 * 1024)
    const told = (): boolean =>
      under.output.some(({ stream, text }) => stream === 'platform' && text.includes('dropped'))
    await expect.poll(told, { timeout: 30_000 }).toBe(true)
  })

  it('a flood of output waits for its reader and takes none of its own memory', async () => {
    expect(await under.call({ probe: 'flood', megabytes: 3 }, { affinity: 'flooder' }), 'bytes held back').toBe(0)
  })

  it('a line without an end is cut', async () => {
    await under.call({ probe: 'longLine', bytes: 100_000 }, { affinity: 'long' })
    await expect.poll(() => under.output.find(({ text }) => text.startsWith('yyy'))?.text.length).toBeLessThan(17_000)
  })

  it('the scratch folder is full at its size', async () => {
    const fills = await under.call({ probe: 'fill', folder: '/tmp/full', megabytes: 80 }, { affinity: 'filler' })
    expect(fills).toMatchObject({ code: 'ENOSPC' })
    expect((fills as { written: number }).written).toBeGreaterThan(50)
  })

  it('the scratch folder is as large as its function says, beside its memory', async () => {
    await under.deploy({ name: 'writer', memoryMb: 128, tmpMb: 160 })
    const fill = (megabytes: number): Promise<unknown> =>
      under.call({ probe: 'fill', folder: '/tmp/full', megabytes }, { functionName: 'writer', affinity: 'writer' })
    expect(await fill(200)).toMatchObject({ code: 'ENOSPC' })
    expect(((await fill(200)) as { written: number }).written).toBeGreaterThan(140)
  })

  it('memory ends the box, not the machine', async () => {
    const allocate = { probe: 'allocate', megabytes: 900 }
    await under.deploy({ name: 'small', memoryMb: 128 })
    await under.deploy({ name: 'large', memoryMb: 1_500 })
    expect(await under.invoke(allocate, { functionName: 'small' })).toMatchObject({
      kind: 'error',
      code: 'function.out_of_memory',
    })
    expect((await under.invoke(allocate, { functionName: 'large' })).kind, 'control').toBe('response')
  })

  it('a box that met its memory limit serves no other call, even when its code caught that', async () => {
    await under.deploy({ name: 'glutton', memoryMb: 128, maxBoxes: 1 })
    const call = (probe: object): ReturnType<typeof under.invoke> => under.invoke(probe, { functionName: 'glutton' })
    const count = async (): Promise<unknown> => under.call({ probe: 'count' }, { functionName: 'glutton' })
    expect([await count(), await count()], 'control: one box serves one call after another').toEqual([1, 2])
    await call({ probe: 'allocateAndCatch', megabytes: 900 })
    expect(await count()).toBe(1)
    await call({ probe: 'allocate', megabytes: 900 })
    expect(await count()).toBe(1)
  })

  it('a leak in the heap is told as out of memory', async () => {
    const leak = 'export const handler = () => { const held = []; for (;;) held.push({ a: [held.length] }) }'
    await under.deploy({ name: 'leak', memoryMb: 128, codeDir: codeFolder(folder, leak) })
    // Collecting what can be collected takes a loaded machine many times as long as filling it.
    const deadline = Date.now() + 50_000
    expect(await under.invoke({}, { functionName: 'leak', deadline })).toMatchObject({ code: 'function.out_of_memory' })
  })

  it('processes are bounded', async () => {
    const fork = { probe: 'fork', count: 90 }
    expect(await outside(fork), 'control').toBe(90)
    expect(Number(await under.call(fork, { affinity: 'forker' }))).toBeLessThan(64)
  })

  it('watches of files are bounded for each box, so that it takes none of its neighbours’', async () => {
    const watch = { probe: 'watch', instances: 48 }
    expect(await outside(watch), 'control').toBe(48)
    expect(await under.call(watch, { affinity: 'watcher' })).toBe(32)
  })

  it.runIf(root)('each function has a uid of its own', async () => {
    await under.deploy({ name: 'first-uid' })
    await under.deploy({ name: 'second-uid' })
    const uids = new Set<string>()
    for (const functionName of ['first-uid', 'second-uid']) {
      await under.call({ probe: 'echo' }, { functionName })
      const pid = under.events.findLast(
        (event) => event.kind === 'box-start' && event.functionName === functionName,
      )?.detail
      const status = readFileSync(`/proc/${/\d+/.exec(pid ?? '')?.[0]}/status`, 'utf8')
      uids.add(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? '')
    }
    expect(uids.size).toBe(2)
    expect([...uids].every((uid) => Number(uid) >= 210_000)).toBe(true)
  })
})
