import { expect, test } from 'vitest'

import { createTurns, type Turns } from './turns.ts'

/** Takes so many turns, and tells how many of them have begun. */
async function begunOf(turns: Turns, times: number): Promise<readonly (() => void)[]> {
  const begun: (() => void)[] = []
  for (let time = 0; time < times; time++) void turns.take().then((end) => begun.push(end))
  await Promise.resolve()
  await Promise.resolve()
  return begun
}

test('so many at once, the others in the order in which they came', async () => {
  const turns = createTurns(2, 60_000)
  const log: number[] = []
  const ends = await Promise.all([turns.take(), turns.take()])
  const later = [1, 2, 3].map((number) =>
    turns.take().then((end) => {
      log.push(number)
      return end
    }),
  )
  await Promise.resolve()
  expect(log).toEqual([])
  ends[0]()
  ends[0]() // once is enough
  const first = await later[0]
  expect(log).toEqual([1])
  ends[1]()
  first?.()
  for (const one of later) (await one)()
  expect(log).toEqual([1, 2, 3])
})

test('a turn that nobody ends is over after its time', async () => {
  const turns = createTurns(1, 20)
  await turns.take()
  await expect(turns.take().then((end) => end())).resolves.toBeUndefined()
})

test('one fewer while calls are served by boxes that are there, and never fewer than one', async () => {
  let now = 1_000
  const create = (limit: number): Turns => createTurns(limit, 60_000, () => now)
  expect(await begunOf(create(3), 5), 'control').toHaveLength(3)
  const shared = create(3)
  shared.served()
  const begun = await begunOf(shared, 5)
  expect(begun).toHaveLength(2)
  now += 1_000 // whoever was served has gone
  begun[0]?.()
  await Promise.resolve()
  await Promise.resolve()
  expect(begun).toHaveLength(4) // with the one that has ended
  const single = create(1)
  single.served()
  expect(await begunOf(single, 2)).toHaveLength(1)
})
