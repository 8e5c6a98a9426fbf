import { expect, test } from 'vitest'

import { createTurns } from './turns.ts'

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
