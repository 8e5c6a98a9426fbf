import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { PassThrough } from 'node:stream'

import { afterEach, beforeEach, expect, it } from 'vitest'

import type { FunctionImage } from '../image.ts'
import { imageOf, invocationOf } from '../testing/make-engine.ts'
import { type Box, type BoxHooks, closing, startBox } from './box.ts'
import type { BoxSurroundings } from './box-surroundings.ts'
import type { PodExit } from './pod.ts'
import type { PreparedBox } from './prepared-box.ts'

/** A box of which there is no process: what starts, ends or is killed in it does so here. */
let box: Box
let listener: Server
let runtime: Agent
let pod: { handed: string; end: (exit: PodExit) => void; pid: number }
let channel: PassThrough
let outOfMemory: number
let cleared: PromiseWithResolvers<void>
let idle: number
let ended: Parameters<BoxHooks['onEnd']>[1][]
beforeEach(() => {
  ;[idle, ended, outOfMemory] = [0, [], 0]
  cleared = Promise.withResolvers<void>()
  runtime = new Agent({ keepAlive: true, maxSockets: 1 })
})
afterEach(async () => {
  runtime.destroy()
  pod.end({ code: 0, signal: null })
  await box.gone
})

async function start(changed: Partial<FunctionImage> = {}, pid = 0): Promise<void> {
  listener = createServer()
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const [gone, parserGone] = [Promise.withResolvers<PodExit>(), Promise.withResolvers<PodExit>()]
  const [stdout, stderr] = [new PassThrough().end(), new PassThrough().end()]
  channel = new PassThrough()
  pod = { handed: '', end: gone.resolve, pid }
  const prepared = {
    id: 'b1',
    launched: true,
    pod: {
      pid,
      stdout,
      stderr,
      listeners: { runtime: listener },
      handOver: (text: string) => (pod.handed = text),
      kill: () => undefined,
      gone: gone.promise,
    },
    parser: {
      channel,
      said: () => '',
      kill: () => parserGone.resolve({ code: null, signal: 'SIGKILL' }),
      gone: parserGone.promise,
    },
    group: { share: () => undefined, outOfMemoryKills: () => outOfMemory, remove: () => true },
  } as unknown as PreparedBox
  const around = {
    attachExits: () => ({ endInvocation: () => cleared.promise, close: () => undefined }),
    onOutput: () => undefined,
    onEvent: () => undefined,
    clock: Date.now,
    random: (bytes: number) => new Uint8Array(bytes),
  } as unknown as BoxSurroundings
  const hooks: BoxHooks = { onIdle: () => (idle += 1), onEnd: (_, why) => ended.push(why) }
  box = startBox(imageOf({ codeDir: '/', ...changed }), prepared, around, hooks)
}

/** What the runtime client says; resolves once its answer begins. */
async function say(method: string, path: string, body = ''): Promise<void> {
  const { port } = listener.address() as AddressInfo // it listens on an address
  const to = { host: '127.0.0.1', port, method, path: `/2018-06-01/runtime/invocation/${path}`, agent: runtime }
  const sent = request(to, (response) => void response.resume()).on('error', () => undefined)
  sent.end(body)
  await once(sent, 'response')
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** It has answered one call, and asks for the next while the connections of the last are still being closed. */
async function asksAgain(): Promise<void> {
  await start()
  void say('GET', 'next').catch(() => undefined)
  await expect.poll(() => idle).toBe(1)
  const { id } = invocationOf({})
  const answered = box.run(invocationOf({}, { id }))
  await turns()
  await say('POST', `${id}/response`, '1')
  await answered
  void say('GET', 'next').catch(() => undefined)
  await turns()
  expect(idle, 'not before they are closed').toBe(1)
}

it('a box is idle again once all that its last call left open is closed', async () => {
  await asksAgain()
  cleared.resolve()
  await expect.poll(() => idle).toBe(2)
})

it('a box that is ended meanwhile is idle no more', async () => {
  await asksAgain()
  box.kill('its app was changed')
  cleared.resolve()
  await turns()
  expect([idle, box.isIdle()]).toEqual([1, false])
})

for (const [what, kills, code, message] of [
  ['met the limit of its memory', 1, 'function.out_of_memory', /^its limit of 192 MB was met\nsignal SIGKILL/],
  ['ended otherwise', 0, 'function.exited', /^signal SIGKILL/],
] as const) {
  it(`a call in a box that ${what} is told so, and so is one that never loaded`, async () => {
    await start()
    void say('GET', 'next').catch(() => undefined)
    await expect.poll(() => idle).toBe(1)
    const answered = box.run(invocationOf({}))
    outOfMemory = kills
    pod.end({ code: null, signal: 'SIGKILL' })
    expect(await answered).toMatchObject({ code, message: expect.stringMatching(message) })
    await box.gone
    expect(ended).toMatchObject([{ crash: 'signal SIGKILL' }])
    await start()
    pod.end({ code: null, signal: 'SIGKILL' })
    await box.gone
    expect(ended[1]?.initFailure).toMatch(kills > 0 ? /^out of memory while loading$/ : /^signal SIGKILL/)
  })
}

it('a box that is not wanted any more has not crashed, whatever ends first', async () => {
  await start()
  channel.destroy()
  await turns()
  pod.end({ code: null, signal: 'SIGKILL' })
  await box.gone
  expect(ended, 'control').toMatchObject([{ crash: 'its channel ended' }])
  await start()
  box.kill(closing)
  channel.destroy()
  await turns()
  pod.end({ code: null, signal: 'SIGKILL' })
  await box.gone
  expect(ended[1]).toEqual({})
})

it('a client of ours has its key, and what the app brings has none', async () => {
  await start()
  expect(JSON.parse(pod.handed), 'control').toMatchObject({ key: expect.any(String), audience: expect.any(String) })
  pod.end({ code: 0, signal: null })
  await box.gone
  await start({ runtime: 'bootstrap' })
  expect(pod.handed).toBe('')
})

for (const [what, changed, state] of [
  ['is stopped while it rests', {}, 'T'],
  ['with a kernel of its own is not: that would take it for a fault', { runsc: '/usr/bin/runsc' }, 'S'],
] as const) {
  it(`a box ${what}`, async () => {
    // As in a box: a process that waits for another, which waits for a function's.
    const chain: ChildProcess = spawn('/bin/sh', ['-c', "sh -c 'sleep 60; :'; :"], { detached: true, stdio: 'ignore' })
    const below = (pid: number): readonly number[] =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number)
    const inner = (): readonly number[] => below(chain.pid ?? 0).flatMap(below)
    const stateOf = (pid = 0): unknown => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]
    try {
      await expect.poll(inner, { timeout: 20_000 }).toHaveLength(1)
      await start(changed, chain.pid)
      box.freeze()
      await expect.poll(() => stateOf(inner()[0]), { timeout: 20_000 }).toBe(state)
    } finally {
      const gone = once(chain, 'exit')
      process.kill(-(chain.pid ?? 0), 'SIGKILL') // its whole group, which it leads
      await gone
    }
  })
}
