import { expect, test } from 'vitest'

import { pause, pauseMsOf } from './pause.ts'

test('a pause is as long as the upstream asks for, or twice as long each time, and never long', () => {
  expect([1, 2, 3, 9].map((attempt) => pauseMsOf(undefined, attempt))).toEqual([100, 200, 400, 5_000])
  expect(['2', '0', '86400', 'tomorrow'].map((asked) => pauseMsOf(asked, 1))).toEqual([2_000, 100, 5_000, 100])
})

test('a pause ends with its signal, which may have come before', async () => {
  await pause(60_000, AbortSignal.abort())
  const ending = new AbortController()
  const paused = pause(60_000, ending.signal)
  ending.abort()
  await paused
})
