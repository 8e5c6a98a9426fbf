import { expect, test } from 'vitest'

import { closeAll, type Ending } from './close-all.ts'

test('what was started last ends first, and each waits for the one before it', async () => {
  const ended: string[] = []
  const ending =
    (name: string): Ending =>
    async () => {
      await Promise.resolve()
      ended.push(name)
    }
  await closeAll([ending('ledger'), ending('boxes'), ending('gateway')], () => undefined)
  expect(ended).toEqual(['gateway', 'boxes', 'ledger'])
})

test('one that cannot be ended is told of, and keeps no other from ending', async () => {
  const [ended, told]: [string[], unknown[]] = [[], []]
  const broken = new Error('the socket is stuck')
  const fails: Ending = () => {
    throw broken
  }
  const rejects: Ending = () => Promise.reject(broken)
  await closeAll([() => void ended.push('ledger'), rejects, fails], (cause) => void told.push(cause))
  expect(ended).toEqual(['ledger'])
  expect(told).toEqual([broken, broken])
})

test('nothing is ended twice', async () => {
  let ends = 0
  const started: Ending[] = [() => void (ends += 1)]
  await closeAll(started, () => undefined)
  await closeAll(started, () => undefined)
  expect(ends).toBe(1)
})
