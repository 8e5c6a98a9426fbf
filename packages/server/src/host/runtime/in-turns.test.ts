import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, it } from 'vitest'

import { inTurns } from './in-turns.ts'

const opened = (): Readable => new Readable({ read: () => undefined })
const byteByByte = (body: Readable, count: number): void => {
  for (let at = 0; at < count; at++) body.push(Buffer.of(at % 251))
}

it('hands on together what came together, and all of it in its order', async () => {
  const body = opened()
  const parts = inTurns(body)
  for (const part of ['a', 'b', 'c']) body.push(part)
  expect((await parts.next()).value?.toString()).toBe('abc')
  body.push('d')
  body.push(null)
  expect((await parts.next()).value?.toString()).toBe('d')
  expect((await parts.next()).done).toBe(true)
})

it('waits on where something was taken before it was told', async () => {
  const body = opened()
  const parts = inTurns(body)
  body.push('a')
  await once(body, 'data')
  expect((await parts.next()).value?.toString()).toBe('a')
  const second = parts.next()
  await sleep(1) // the turn in which the first would have been told
  body.push('b')
  expect((await second).value?.toString()).toBe('b')
})

it('lets what comes byte by byte wait after so many parts', async () => {
  const body = opened()
  const parts = inTurns(body)
  byteByByte(body, 2_000)
  body.push(null)
  const first = await parts.next()
  expect(first.value).toHaveLength(512)
  const all = [first.value]
  for await (const part of parts) {
    expect(part.length).toBeLessThanOrEqual(512)
    all.push(part)
  }
  const whole = Buffer.concat(all.filter((part) => part !== undefined))
  expect(whole).toHaveLength(2_000)
  expect(whole.every((byte, at) => byte === at % 251)).toBe(true)
})

it('asks for no more than is taken', async () => {
  const body = opened()
  const parts = inTurns(body)
  body.push(Buffer.alloc(300_000))
  await new Promise((resolve) => setImmediate(resolve))
  expect(body.isPaused()).toBe(true)
  await parts.next()
  expect(body.isPaused()).toBe(false)
})

it('says that a body broke off, after what had come of it', async () => {
  const body = opened()
  const parts = inTurns(body)
  body.push('half')
  await new Promise((resolve) => setImmediate(resolve))
  body.destroy()
  await new Promise((resolve) => setImmediate(resolve))
  expect((await parts.next()).value?.toString()).toBe('half')
  await expect(parts.next()).rejects.toThrow('broke off')
})
