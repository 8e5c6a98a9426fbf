import { expect, it } from 'vitest'

import { assignUids } from './uids.ts'

const range = { first: 1_000, count: 4 }

it('a function keeps its uid, and no box that is lent one has that of a function or of another box', () => {
  const uids = assignUids(range, true)
  const [one, two] = [uids.ofFunction('one'), uids.ofFunction('two')]
  const lent = [uids.lend(), uids.lend()]
  expect(uids.ofFunction('one')).toBe(one)
  expect(new Set([one, two, ...lent.map(({ uid }) => uid)])).toHaveLength(4)
})

it('a uid that was given back is lent again, once', () => {
  const uids = assignUids(range, true)
  const first = uids.lend()
  first.giveBack()
  first.giveBack()
  expect(uids.lend().uid).toBe(first.uid)
  expect(uids.lend().uid).not.toBe(first.uid)
})

it('the two ends of the range never meet', () => {
  const uids = assignUids(range, true)
  for (const name of ['one', 'two', 'three']) uids.ofFunction(name)
  uids.lend()
  expect(() => uids.lend()).toThrow(expect.objectContaining({ code: 'host.uid_range' }))
  expect(() => uids.ofFunction('four')).toThrow(expect.objectContaining({ code: 'host.uid_range' }))
})

it('an ordinary user has one uid, its own', () => {
  const uids = assignUids(range, false)
  expect(uids.ofFunction('one')).toBeUndefined()
  expect(uids.lend().uid).toBeUndefined()
})
