import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { freezerFor } from './freeze.ts'

// As in a box: two processes that wait for the others, then a function's, with a child of its own.
const chain = 'sh -c "sh -c \\"sh -c \'sleep 60; :\' & sleep 60; :\\"; :"; :'

let outermost: ChildProcess
beforeEach(() => {
  outermost = spawn('/bin/sh', ['-c', chain], { stdio: 'ignore', detached: true, env: { PATH: '/usr/bin:/bin' } })
})
afterEach(async () => {
  const gone = new Promise((resolve) => outermost.once('exit', resolve))
  process.kill(-Number(outermost.pid), 'SIGKILL') // its whole group, which it leads
  await gone
})

/** Every process of the chain, the outermost first, with its state as the kernel tells it. */
function states(pid = Number(outermost.pid)): readonly (readonly [depth: number, state: string])[] {
  const below = (one: number, depth: number): readonly (readonly [number, string])[] => [
    [depth, /\) (\w)/.exec(readFileSync(`/proc/${one}/stat`, 'latin1'))?.[1] ?? ''],
    ...readdirSync(`/proc/${one}/task`)
      .flatMap((thread) => readFileSync(`/proc/${one}/task/${thread}/children`, 'latin1').split(' '))
      .filter((child) => child !== '')
      .flatMap((child) => below(Number(child), depth + 1)),
  ]
  return below(pid, 0)
}

const depths = (wanted: string): readonly number[] =>
  states()
    .filter(([, state]) => state === wanted)
    .map(([depth]) => depth)
    .toSorted((one, other) => one - other)
const stopped = (): readonly number[] => depths('T')

it('stops what runs in a box and leaves the two that wait for it, and lets it go on', async () => {
  // All of them wait, none in the middle of starting another: a shell that has just forked cannot be stopped yet.
  await expect.poll(() => depths('S'), { timeout: 20_000 }).toEqual([0, 1, 2, 3, 3, 4])
  const freezer = freezerFor(Number(outermost.pid))
  freezer.freeze()
  await expect.poll(stopped, { timeout: 20_000 }).toEqual([2, 3, 3, 4])
  freezer.thaw()
  await expect.poll(stopped, { timeout: 20_000 }).toEqual([])
}, 60_000)

it('a box that has ended is neither stopped nor a fault', async () => {
  const ended = spawn('/bin/true', { stdio: 'ignore' })
  await new Promise((resolve) => ended.once('exit', resolve))
  const freezer = freezerFor(Number(ended.pid))
  expect(() => freezer.freeze()).not.toThrow()
  expect(() => freezer.thaw()).not.toThrow()
})
