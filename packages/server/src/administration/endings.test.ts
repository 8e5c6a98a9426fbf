import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { createEndings, type TellAt } from './endings.ts'

let told: string[]
let tellAt: TellAt

beforeEach(() => {
  vi.useFakeTimers()
  told = []
  tellAt = createEndings(() => performance.now())
})
afterEach(() => {
  vi.useRealTimers()
})

const wish = (name: string, inMs: number): (() => void) => tellAt(performance.now() + inMs, () => told.push(name))

test('each is told at its time, in whatever order they came', () => {
  wish('late', 500)
  wish('early', 100)
  wish('between', 300)
  vi.advanceTimersByTime(99)
  expect(told).toEqual([])
  vi.advanceTimersByTime(11)
  expect(told).toEqual(['early'])
  vi.advanceTimersByTime(1_000)
  expect(told).toEqual(['early', 'between', 'late'])
})

test('a wish that was taken back is not told, and the others are', () => {
  const takeBack = wish('first', 100)
  wish('second', 200)
  takeBack()
  vi.advanceTimersByTime(1_000)
  expect(told).toEqual(['second'])
})

test('what is over already is told soon, and what ends in a month not before', () => {
  wish('over', -5)
  wish('far', 40 * 86_400_000)
  vi.advanceTimersByTime(10)
  expect(told).toEqual(['over'])
  vi.advanceTimersByTime(39 * 86_400_000)
  expect(told).toEqual(['over'])
  vi.advanceTimersByTime(86_400_000)
  expect(told).toEqual(['over', 'far'])
})

test('whoever is told may take others back, and wish anew', () => {
  let takeBack = (): void => undefined
  tellAt(performance.now() + 10, () => {
    told.push('first')
    takeBack()
    wish('again', 50)
  })
  takeBack = wish('second', 10)
  vi.advanceTimersByTime(1_000)
  expect(told).toEqual(['first', 'again'])
})
