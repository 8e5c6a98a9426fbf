import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { afterEach, expect, test, vi } from 'vitest'

import { guestInput } from './input.ts'
import { type Keeper, type Kept, keepGuest, type Verdict } from './keeper.ts'
import { opaGuest, request } from './testing/guest.ts'

vi.setConfig({ testTimeout: 120_000 })

const kept: Keeper[] = []
afterEach(async () => {
  await Promise.all(kept.splice(0).map((keeper) => keeper.close()))
})

async function keep(entrypoint: string, changes: Partial<Kept> = {}, told: string[] = []): Promise<Keeper> {
  const { bytes, name, engine, deadlineMs, memoryMb } = await opaGuest(entrypoint)
  const policy = Buffer.from(bytes).toString('base64')
  const keeper = await keepGuest({ name, engine, policy, entrypoint, deadlineMs, memoryMb, ...changes }, (line) =>
    told.push(line),
  )
  kept.push(keeper)
  return keeper
}

const input = guestInput(request())

/** The running process, which there is. */
function pidOf(keeper: Keeper): number {
  const pid = keeper.pid()
  if (pid === undefined) throw new TypeError('no process runs')
  return pid
}

test('a guest that is killed in the middle gives no verdict, and is there again a moment later', async () => {
  const told: string[] = []
  const keeper = await keep('sallyport/allow', {}, told)
  const pid = pidOf(keeper)
  process.kill(pid, 'SIGSTOP') // so that the ask is in the middle when the end comes
  const asked = keeper.ask([input, input])
  process.kill(pid, 'SIGKILL')
  expect(await asked).toMatchObject([{ fault: 'guest.ended', detail: 'SIGKILL' }, { fault: 'guest.ended' }])
  expect(await keeper.ask([input])).toMatchObject([{ fault: 'guest.unavailable' }])
  await vi.waitFor(async () => expect(await keeper.ask([input])).toMatchObject([{ verdict: 'allow' }]), 60_000)
  expect(keeper.pid()).not.toBe(pid)
  expect(told).toEqual([expect.stringContaining('started again in 100 ms')])
})

/** What a guest says once it runs; undefined when it goes on saying nothing. */
async function onceThere(keeper: Keeper): Promise<readonly Verdict[] | undefined> {
  for (;;) {
    const said = await Promise.race([keeper.ask([input]), wait(10_000, undefined)])
    if (said?.every((one) => 'fault' in one && one.fault === 'guest.unavailable') !== true) return said
    await wait(20)
  }
}

test('a guest that loops is ended, and rests longer each time', async () => {
  const told: string[] = []
  const keeper = await keep('loop', { deadlineMs: 50 }, told)
  for (const restMs of [100, 200, 400]) {
    expect(await onceThere(keeper)).toMatchObject([{ fault: 'guest.late' }])
    await vi.waitFor(() => expect(told.at(-1)).toContain(`started again in ${restMs} ms`), 60_000)
  }
})

test('a guest that was only slow to be heard is not ended for it', async () => {
  const keeper = await keep('sallyport/allow', { deadlineMs: 50 })
  const pid = pidOf(keeper)
  const asked = keeper.ask([input])
  const until = performance.now() + 200
  while (performance.now() < until); // this process hears nothing meanwhile, and the answer lies in the channel
  expect(await asked).toMatchObject([{ verdict: 'allow' }])
  expect(keeper.pid()).toBe(pid)
})

test('more asks than a guest may hold are turned away at once', async () => {
  const keeper = await keep('sallyport/allow')
  process.kill(pidOf(keeper), 'SIGSTOP')
  const asked = Array.from({ length: 257 }, () => keeper.ask([input]))
  process.kill(pidOf(keeper), 'SIGKILL') // the end of whatever waits
  expect(await asked.at(-1)).toMatchObject([{ fault: 'guest.busy' }])
  expect(await asked[0]).toMatchObject([{ fault: 'guest.ended' }])
})

test('a guest that ended by itself before it would have been ended for its slowness hurts nobody', async () => {
  const keeper = await keep('loop')
  const first = keeper.ask([input], 400)
  expect(await keeper.ask([input], 20)).toMatchObject([{ fault: 'guest.late' }])
  process.kill(pidOf(keeper), 'SIGKILL')
  await first
  await vi.waitFor(() => expect(keeper.pid()).toBeDefined(), 60_000)
  await wait(400) // until it would have been
})

test('a guest that loops ends with the server that is killed', async () => {
  const script = fileURLToPath(new URL('testing/left-alone.ts', import.meta.url))
  const server = spawn(process.execPath, ['-C', 'source', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await once(server.stdout, 'data')
  const pid = Number(said)
  expect(isRunning(pid)).toBe(true)
  server.kill('SIGKILL')
  await vi.waitFor(() => expect(isRunning(pid)).toBe(false), 60_000)
})

/** Whether a process is there and not merely waiting for somebody to hear of its end. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return false
    throw error
  }
}
