import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeEach, expect, it, vi } from 'vitest'

import type { BoxKind } from '../box/blank.ts'
import type { PodExit } from '../box/pod.ts'
import type { PreparedBox } from '../box/prepared-box.ts'
import { codeFolder, imageOf, openFolder } from '../testing/make-engine.ts'
import { createReserve, type Reserve } from './reserve.ts'

interface Made extends PreparedBox {
  readonly end: () => void
}

let made: Made[]
let filled: string[]
let discarded: string[]
let current: boolean
let slow: Promise<void> | undefined
let reserve: Reserve
beforeEach(() => {
  vi.useFakeTimers()
  made = []
  filled = []
  discarded = []
  current = true
  slow = undefined
  reserve = createReserve({
    make: async () => {
      const { promise: gone, resolve } = Promise.withResolvers<PodExit>()
      const end = (): void => resolve({ code: 0, signal: null })
      const box = { id: `b${made.length}`, pod: { gone }, end } as unknown as Made // all that a reserve looks at
      made.push(box)
      await slow
      return box
    },
    fill: ({ id }, { name }) => {
      filled.push(`${name} in ${id}`)
      return name === 'unreadable' ? Promise.reject(new Error('no code')) : Promise.resolve()
    },
    isCurrent: () => current,
    discard: async ({ id }) => void discarded.push(id),
  })
  return () => vi.useRealTimers()
})

const folder = openFolder()
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const codeDir = codeFolder(folder, 'export const handler = () => 1')
const kind: BoxKind = { runtime: 'node', memoryMb: 192 }
const named = (name: string) => imageOf({ codeDir, name })

it('keeps a box for each function that may need one at the same moment, but no more than four', async () => {
  reserve.keepFor([named('one')])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(made).toHaveLength(1)
  reserve.keepFor(['one', 'two', 'three', 'four', 'five', 'six'].map(named))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(made).toHaveLength(4)
  reserve.keepFor([])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(discarded).toHaveLength(4)
})

it('gives a box once, with the code of its function, and makes another', async () => {
  reserve.keepFor([named('one')])
  expect(reserve.take(kind, named('one'))).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await reserve.take(kind, named('one'))).toMatchObject({ id: 'b0' })
  expect(reserve.take(kind, named('one'))).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await reserve.take(kind, named('two'))).toMatchObject({ id: 'b1' })
  expect(filled).toEqual(['one in b0', 'two in b1'])
  expect(discarded).toEqual([])
})

it('gives none of another kind', async () => {
  reserve.keepFor([named('one')])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(reserve.take({ ...kind, memoryMb: 512 }, named('one'))).toBeUndefined()
  expect(reserve.take({ ...kind, runtime: 'python' }, named('one'))).toBeUndefined()
})

it('keeps none for functions that need a box made for them', async () => {
  const many = codeFolder(folder, '')
  for (let file = 0; file < 256; file += 1) writeFileSync(join(many, `${file}.mjs`), '')
  reserve.keepFor([
    imageOf({ codeDir: many }),
    imageOf({ codeDir, runtime: 'bootstrap' }),
    imageOf({ codeDir, awsClient: true }),
    imageOf({ codeDir, layersDir: codeDir }),
    imageOf({ codeDir, ports: [5432] }),
    imageOf({ codeDir, tmpMb: 512 }),
    imageOf({ codeDir, runsc: '/usr/bin/runsc' }),
    imageOf({ codeDir, environment: { NODE_OPTIONS: '--stack-size=9000' } }),
    imageOf({ codeDir, environment: { LANG: 'de_CH.UTF-8' } }),
  ])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(made).toEqual([])
})

it('discards what ended while it waited, and what trusts an authority that is no longer ours', async () => {
  reserve.keepFor([named('one')])
  await vi.advanceTimersByTimeAsync(1_000)
  made[0]?.end()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(discarded).toEqual(['b0'])
  expect(made).toHaveLength(1)
  expect(reserve.take(kind, named('one'))).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1_000)
  current = false
  expect(reserve.take(kind, named('one'))).toBeUndefined()
  expect(discarded).toEqual(['b0', 'b1'])
})

it('has nothing more to do with a box that was taken, whose end is its owner’s', async () => {
  reserve.keepFor(['one', 'two'].map(named))
  await vi.advanceTimersByTimeAsync(1_000)
  await reserve.take(kind, named('one'))
  made[0]?.end()
  await vi.advanceTimersByTimeAsync(0)
  expect(discarded).toEqual([])
  expect(await reserve.take(kind, named('two')), 'the other still waits').toMatchObject({ id: 'b1' })
})

it('makes one box after the other, however long each takes', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  slow = promise
  reserve.keepFor(['one', 'two'].map(named))
  await vi.advanceTimersByTimeAsync(1_000)
  reserve.keepFor(['one', 'two', 'three'].map(named))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(made).toHaveLength(1)
  resolve()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(made).toHaveLength(3)
})

it('ends a box whose code cannot be put into it, and says why', async () => {
  reserve.keepFor([named('one')])
  await vi.advanceTimersByTimeAsync(1_000)
  await expect(reserve.take(kind, named('unreadable'))).rejects.toThrow('no code')
  expect(discarded).toEqual(['b0'])
})

it('leaves nothing when it is closed, not even what is being made', async () => {
  reserve.keepFor(['one', 'two'].map(named))
  await vi.advanceTimersByTimeAsync(1_000)
  const taken = await reserve.take(kind, named('one'))
  await vi.advanceTimersByTimeAsync(400)
  await reserve.close()
  expect(discarded.toSorted()).toEqual(
    made
      .map(({ id }) => id)
      .filter((id) => id !== taken?.id)
      .toSorted(),
  )
  await vi.advanceTimersByTimeAsync(5_000)
  expect(made.length).toBeLessThanOrEqual(3)
})

it('ends what was being made while it was closed', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  slow = promise
  reserve.keepFor([named('one')])
  await vi.advanceTimersByTimeAsync(1_000)
  expect([made.length, discarded]).toEqual([1, []])
  const closed = reserve.close()
  resolve()
  await closed
  expect(discarded).toEqual(['b0'])
})
