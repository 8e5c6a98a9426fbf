import { expect, test } from 'vitest'

import { renewLeaf } from './renewal.ts'

const hour = 3_600_000

const made = (nowMs: number) => Promise.resolve({ name: `made at ${nowMs}`, renewAtMs: nowMs + 12 * hour })

function kept(another = made) {
  const clock = { nowMs: 0 }
  const used: string[] = []
  const look = renewLeaf(
    { name: 'the first', renewAtMs: 12 * hour },
    { nowMs: () => clock.nowMs, another: () => another(clock.nowMs), use: ({ name }) => void used.push(name) },
  )
  return { clock, used, look }
}

test('a certificate that is fresh stays', async () => {
  const { clock, used, look } = kept()
  clock.nowMs = 12 * hour - 1
  await look()
  expect(used).toEqual([])
})

test('a certificate that is due is replaced once, and its successor when that one is due', async () => {
  const { clock, used, look } = kept()
  clock.nowMs = 12 * hour
  await look()
  await look()
  expect(used).toEqual([`made at ${12 * hour}`])
  clock.nowMs = 24 * hour
  await look()
  expect(used).toEqual([`made at ${12 * hour}`, `made at ${24 * hour}`])
})

test('a machine that slept past the moment renews when it looks again', async () => {
  const { clock, used, look } = kept()
  clock.nowMs = 100 * hour
  await look()
  expect(used).toHaveLength(1)
})

test('what cannot be renewed stays in use, and is tried again', async () => {
  let broken = true
  const { clock, used, look } = kept((nowMs) =>
    broken ? Promise.reject(new Error('no keys')) : Promise.resolve({ name: 'the second', renewAtMs: nowMs + hour }),
  )
  clock.nowMs = 12 * hour
  await expect(look()).rejects.toThrow('no keys')
  broken = false
  await look()
  expect(used).toEqual(['the second'])
})
