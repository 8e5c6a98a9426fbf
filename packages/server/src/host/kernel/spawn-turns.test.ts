import { expect, test } from 'vitest'

import { createSpawnTurns } from './spawn-turns.ts'

test('processes are started one after the other, each after a rest longer than the last start', async () => {
  let now = 0
  const rests: { readonly ms: number; readonly over: () => void }[] = []
  const inTurn = createSpawnTurns(
    () => now,
    (ms) => new Promise<void>((resolve) => rests.push({ ms, over: resolve })),
  )
  const started: string[] = []
  const start = (name: string, tookMs: number): Promise<string> =>
    inTurn(() => {
      started.push(name)
      now += tookMs
      return name
    })
  const [first, second, third] = [start('first', 30), start('second', 5), start('third', 0)]
  expect(await first).toBe('first')
  await new Promise((resolve) => setImmediate(resolve))
  expect([started, rests.map(({ ms }) => ms)]).toEqual([['first'], [60]])
  rests[0]?.over()
  expect(await second).toBe('second')
  expect([started, rests.map(({ ms }) => ms)]).toEqual([
    ['first', 'second'],
    [60, 10],
  ])
  rests[1]?.over()
  expect(await third).toBe('third')
})

test('a start that fails is told to whoever wanted it, and the next has its turn', async () => {
  const inTurn = createSpawnTurns(
    () => 0,
    () => Promise.resolve(),
  )
  const failed = inTurn(() => {
    throw new Error('EAGAIN')
  })
  await expect(failed).rejects.toThrow('EAGAIN')
  expect(await inTurn(() => 'started')).toBe('started')
})
