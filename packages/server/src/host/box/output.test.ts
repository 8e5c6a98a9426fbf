import { PassThrough } from 'node:stream'

import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { OutputLine } from '../engine.ts'
import { type OutputReader, readOutput } from './output.ts'

let lines: OutputLine[]
let streams: { readonly stdout: PassThrough; readonly stderr: PassThrough }
let reader: OutputReader
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  lines = []
  streams = { stdout: new PassThrough(), stderr: new PassThrough() }
  const tag = (): ReturnType<Parameters<typeof readOutput>[1]> => ({ at: 0, functionName: 'orders', boxId: 'b' })
  reader = readOutput(streams, tag, (line) => void lines.push(line))
})
afterEach(async () => {
  streams.stdout.end()
  streams.stderr.end()
  await reader.end()
  vi.useRealTimers()
})

const texts = (): readonly string[] => lines.map(({ stream, text }) => `${stream} ${text}`)

test('lines come out whole, with the stream that they came by', () => {
  streams.stdout.write('one\ntw')
  streams.stderr.write('bad\n')
  streams.stdout.write('o\n')
  expect(texts()).toEqual(['stdout one', 'stderr bad', 'stdout two'])
})

test('a stream that was held back until its reader came flows from then on', async () => {
  const held = { stdout: new PassThrough().pause(), stderr: new PassThrough().pause() }
  held.stderr.write('before\n')
  const heard: string[] = []
  const tag = (): ReturnType<Parameters<typeof readOutput>[1]> => ({ at: 0, functionName: 'orders', boxId: 'b' })
  const other = readOutput(held, tag, ({ stream, text }) => void heard.push(`${stream} ${text}`))
  held.stderr.write('after\n')
  await new Promise(setImmediate)
  expect(heard).toEqual(['stderr before', 'stderr after'])
  held.stdout.end()
  held.stderr.end()
  await other.end()
})

test('a long line is cut, and says so', () => {
  streams.stdout.write(`${'x'.repeat(20_000)}\n`)
  expect(lines).toHaveLength(1)
  expect(lines[0]?.text.length).toBeLessThan(17_000)
  expect(lines[0]?.text).toContain('(3616 bytes cut)')
})

test('of a flood so many bytes a second come out, and the lost lines are counted', () => {
  for (let index = 0; index < 4; index++) streams.stdout.write(`${'x'.repeat(9_999)}\n`.repeat(10))
  const came = lines.length
  expect(came).toBe(26)
  streams.stdout.write('lost\n')
  vi.advanceTimersByTime(1_000)
  expect(texts().slice(came)).toEqual([`platform 15 lines dropped: more than 262144 bytes in one second`])
  streams.stdout.write('again\n')
  expect(texts().at(-1)).toBe('stdout again')
})

test('a flood of short lines comes out no faster than one of long ones, and waits sooner', () => {
  streams.stdout.write('a\n'.repeat(100_000))
  expect(lines.length).toBeLessThan(8_000)
  expect(streams.stdout.isPaused()).toBe(false)
  streams.stdout.write('\n'.repeat(30_000))
  expect(streams.stdout.isPaused()).toBe(true)
})

test('a flood waits for its reader', () => {
  for (let index = 0; index < 5; index++) streams.stdout.write(Buffer.alloc(1024 * 1024, 'x'))
  expect(streams.stdout.isPaused()).toBe(true)
  expect(streams.stderr.isPaused()).toBe(false)
  vi.advanceTimersByTime(1_000)
  expect(streams.stdout.isPaused()).toBe(false)
})

test('of all that came the last lines are kept', () => {
  for (let index = 0; index < 100; index++) streams.stdout.write(`${index}\n`)
  expect(reader.tail(2)).toBe('98\n99')
  expect(reader.tail(1_000).split('\n')).toHaveLength(40)
})
