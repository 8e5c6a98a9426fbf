import { once } from 'node:events'

import { expect, test } from 'vitest'

import { createEnding } from './ending.ts'

test('an ending is told once, to all that still listen, in their order', () => {
  const { signal, abort } = createEnding()
  const told: string[] = []
  const dropped = (): void => void told.push('dropped')
  signal.addEventListener('abort', () => told.push('first'))
  signal.addEventListener('abort', dropped)
  signal.addEventListener('abort', () => told.push('second'))
  signal.removeEventListener('abort', dropped)
  expect(signal.aborted).toBe(false)
  abort()
  abort()
  signal.addEventListener('abort', () => told.push('too late'))
  expect(signal.aborted).toBe(true)
  expect(told).toEqual(['first', 'second'])
})

test('a listener that is dropped while others are told hears nothing, and nobody else is left out', () => {
  const { signal, abort } = createEnding()
  const told: string[] = []
  const dropped = (): void => void told.push('dropped')
  const first = (): void => {
    told.push('first')
    signal.removeEventListener('abort', first)
    signal.removeEventListener('abort', dropped)
  }
  signal.addEventListener('abort', first)
  signal.addEventListener('abort', dropped)
  signal.addEventListener('abort', () => told.push('second'))
  abort()
  expect(told).toEqual(['first', 'second'])
})

test('a listener that fails keeps nothing open that another one closes', async () => {
  const { signal, abort } = createEnding()
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const uncaught = once(process, 'uncaughtException')
  let closed = false
  signal.addEventListener('abort', () => {
    throw new Error('one fails')
  })
  signal.addEventListener('abort', () => (closed = true))
  try {
    abort()
    expect(closed).toBe(true)
    expect((await uncaught)[0]).toMatchObject({ message: 'one fails' })
  } finally {
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
})
