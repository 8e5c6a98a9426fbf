import { readdirSync, readFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { type EngineUnderTest, makeEngine } from './testing/make-engine.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let under: EngineUnderTest
beforeAll(async () => {
  under = await makeEngine({ freezeAfterMs: 200 })
})
afterAll(() => under.close())

const happened = (kind: string, functionName: string): number =>
  under.events.filter((event) => event.kind === kind && event.functionName === functionName).length

/** States of the function's own processes: everything below bwrap's two. */
function states(functionName: string): readonly string[] {
  const started = under.events.findLast((event) => event.kind === 'box-start' && event.functionName === functionName)
  const outermost = /\d+/.exec(started?.detail ?? '')?.[0]
  const processes = readdirSync('/proc').flatMap((pid) => {
    const [, state = '', parent = ''] = /^\d+ \(.*\) (\S) (\d+)/s.exec(read(`/proc/${pid}/stat`)) ?? []
    return state === '' ? [] : [{ pid, state, parent }]
  })
  const below = (pid: string): typeof processes =>
    processes.filter(({ parent }) => parent === pid).flatMap((one) => [one, ...below(one.pid)])
  return below(outermost ?? '')
    .filter(({ parent }) => parent !== outermost)
    .map(({ state }) => state)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

describe('an idle box', () => {
  it('is stopped after a while, and goes on where it was', async () => {
    await under.deploy({ name: 'sleeper' })
    const calls = { functionName: 'sleeper' }
    expect(await under.call({ probe: 'count' }, calls)).toBe(1)
    expect(states('sleeper').length, 'control').toBeGreaterThan(0)
    await expect.poll(() => new Set(states('sleeper')), { timeout: 10_000 }).toEqual(new Set(['T']))
    expect(await under.call({ probe: 'count' }, calls)).toBe(2)
    expect(happened('box-start', 'sleeper')).toBe(1)
  })

  it('is stopped with what it left behind, which runs on until then', async () => {
    await under.deploy({ name: 'parent' })
    await under.call({ probe: 'leave', seconds: 30 }, { functionName: 'parent' })
    expect(states('parent').length, 'control').toBeGreaterThan(1)
    await expect.poll(() => new Set(states('parent')), { timeout: 10_000 }).toEqual(new Set(['T']))
  })

  it('ends when nobody came, but for the reserve', async () => {
    await under.deploy({ name: 'passing', idleBoxMs: 300 })
    await under.deploy({ name: 'reserve', idleBoxMs: 300, warmBoxes: 1, reuse: 'shared' })
    for (const functionName of ['passing', 'reserve']) await under.call({ probe: 'echo' }, { functionName })
    await expect.poll(() => happened('box-end', 'passing'), { timeout: 10_000 }).toBe(1)
    const alive = (): number => happened('box-start', 'reserve') - happened('box-end', 'reserve')
    await expect.poll(alive, { timeout: 10_000 }).toBe(1)
    expect(await under.call({ probe: 'echo', value: 1 }, { functionName: 'reserve' })).toBe(1)
  })
})

describe('a function', () => {
  it('that ends its process at every call is not started at the rate of its callers', async () => {
    let standing: number | undefined = Date.now() // so that a wait is not over before somebody looks
    const own = await makeEngine({ clock: () => standing ?? Date.now() })
    try {
      await own.deploy({ name: 'crasher' })
      const crash = () => own.invoke({ probe: 'exit', status: 3 }, { functionName: 'crasher' })
      const ends = () => own.events.filter(({ kind }) => kind === 'box-end').length
      for (let times = 0; times < 5; times++) expect(await crash()).toMatchObject({ code: 'function.exited' })
      await expect.poll(ends, { timeout: 10_000 }).toBe(5)
      expect(await crash()).toMatchObject({ code: 'function.crash_loop' })
      standing = undefined
      await expect
        .poll(async () => (await own.invoke({ probe: 'echo' }, { functionName: 'crasher' })).kind, { timeout: 10_000 })
        .toBe('response')
    } finally {
      await own.close()
    }
  })

  it('hears which limit of memory it met', async () => {
    await under.deploy({ name: 'eater', memoryMb: 128 })
    const eaten = await under.invoke({ probe: 'allocate', megabytes: 900 }, { functionName: 'eater' })
    expect(eaten).toMatchObject({ code: 'function.out_of_memory', message: expect.stringMatching(/128 MB|memory/) })
  })

  it('has as many callers waiting as its queue takes, be it none', async () => {
    await under.deploy({ name: 'strict', maxBoxes: 1, maxWaiting: 0, reuse: 'shared' })
    const calls = { functionName: 'strict' }
    expect(await under.call({ probe: 'echo', value: 1 }, calls), 'control').toBe(1)
    const busy = under.invoke({ probe: 'never' }, { ...calls, deadline: Date.now() + 6_000 })
    const another = () => under.invoke({ probe: 'echo' }, { ...calls, deadline: Date.now() + 100 })
    await expect.poll(another, { timeout: 30_000 }).toMatchObject({
      code: 'function.busy',
      message: 'its queue of 0 calls is full',
    })
    await under.engine.close() // which ends the busy one
    expect((await busy).kind).toBe('error')
  })
})
