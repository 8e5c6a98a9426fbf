import { beforeEach, expect, it, vi } from 'vitest'

import { madeAhead, type PreparedBox } from '../box/prepared-box.ts'
import type { PodExit } from '../box/pod.ts'
import { createSpare, type Spare } from './spare.ts'

interface Made extends PreparedBox {
  readonly among: number
  readonly end: () => void
}

let made: Made[]
let discarded: string[]
beforeEach(() => {
  vi.useFakeTimers()
  made = []
  discarded = []
  return () => vi.useRealTimers()
})

function make(among: number): Promise<Made> {
  const { promise: gone, resolve } = Promise.withResolvers<PodExit>()
  const box = {
    id: `b${made.length}`,
    pod: { gone },
    among,
    end: () => resolve({ code: 0, signal: null }),
  } as unknown as Made
  made.push(box)
  return Promise.resolve(box)
}

function spareWith(prestarts: boolean): Spare {
  return createSpare({
    make,
    discard: async ({ id }) => void discarded.push(id),
    ...(prestarts ? { prestart: async (box: PreparedBox) => ({ ...box, launched: true as const }) } : {}),
  })
}

it('is made after the last was taken, its runtime is started later, and it is given once', async () => {
  const spare = spareWith(true)
  expect(await spare.take(1)).toMatchObject({ id: 'b0' })
  await vi.advanceTimersByTimeAsync(100)
  expect(made).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await spare.take(1)).toMatchObject({ id: 'b1', launched: true })
  expect(await spare.take(4)).toMatchObject({ id: 'b2' })
  expect(
    made.map(({ among }) => among),
    'what is made ahead gives way',
  ).toEqual([1, madeAhead, 4])
})

it('starts no runtime that nobody asked for, where there is no reserve', async () => {
  const spare = spareWith(false)
  await spare.take(1)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await spare.take(1)).not.toHaveProperty('launched')
})

it('that ends by itself is discarded, never given, and not made again for its own sake', async () => {
  const spare = spareWith(true)
  await spare.take(1)
  await vi.advanceTimersByTimeAsync(1_000)
  made[1]?.end()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(discarded).toEqual(['b1'])
  expect(made).toHaveLength(2)
  expect(await spare.take(1)).toMatchObject({ id: 'b2' })
})

it('that was taken is its owner’s to end', async () => {
  const spare = spareWith(true)
  await spare.take(1)
  await vi.advanceTimersByTimeAsync(1_000)
  await spare.take(1)
  made[1]?.end()
  await vi.advanceTimersByTimeAsync(10)
  expect(discarded).toEqual([])
})

it('is gone when it was dropped, and is not made again', async () => {
  const spare = spareWith(true)
  await spare.take(1)
  await vi.advanceTimersByTimeAsync(1_000)
  await spare.drop()
  expect(discarded).toEqual(['b1'])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(made).toHaveLength(2)
})

it('that was still to be made when it was dropped is never made', async () => {
  const spare = spareWith(true)
  await spare.take(1)
  await spare.drop()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(made).toHaveLength(1)
})
