import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import type { OutputLine } from '../host/index.ts'
import { openOutputLog } from './output-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-output-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (): string => join(folder, 'output.ndjson')
const line = (text: string): OutputLine => ({ at: 1, functionName: 'till', boxId: 'b', stream: 'stdout', text })
const kept = (): OutputLine[] =>
  readFileSync(file(), 'utf8')
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))

test('what functions write is kept in a file of its owner, and told to whoever follows', async () => {
  const log = openOutputLog(folder)
  const heard: string[] = []
  const leave = log.follow(({ text }) => heard.push(text))
  log.write(line('one'))
  leave()
  log.write(line('two'))
  await log.close()
  expect(heard).toEqual(['one'])
  expect(kept()).toEqual([line('one'), line('two')])
  expect(statSync(file()).mode & 0o777).toBe(0o600)
})

test('the last lines of a server that was killed while it wrote are at hand for the next one', async () => {
  const lost = JSON.stringify({ at: 1, stream: 'platform', text: '3 lines lost' })
  const before = `${lost}\n${JSON.stringify(line('one'))}\n`
  writeFileSync(file(), `${before}{"at":2,"functionN`)
  const log = openOutputLog(folder)
  expect(log.recent()).toEqual([line('one')])
  log.write(line('two'))
  await log.close()
  expect(log.recent()).toEqual([line('one'), line('two')])
  expect(readFileSync(file(), 'utf8')).toBe(`${before}{"at":2,"functionN\n${JSON.stringify(line('two'))}\n`)
  const next = openOutputLog(folder)
  expect(next.recent()).toEqual([line('one'), line('two')])
  await next.close()
})

test('of what earlier servers wrote so much is read and no more', async () => {
  const long = (name: string): string => `${JSON.stringify(line(name.repeat(100_000)))}\n`
  writeFileSync(file(), Array.from('abcdefghijklmnop').map(long).join(''))
  const log = openOutputLog(folder)
  expect(log.recent().map(({ text }) => text[0])).toEqual(Array.from('ghijklmnop'))
  await log.close()
})

test('a flood of one function leaves the last lines of the others at hand', async () => {
  const log = openOutputLog(folder)
  const of = (functionName: string, text: string): OutputLine => ({ ...line(text), functionName })
  log.write(of('quiet', 'first'))
  for (let n = 0; n < 2_500; n++) log.write(of(n % 100 === 0 ? 'quiet' : 'noisy', `${n}`))
  const recent = log.recent()
  expect(recent).toHaveLength(2_000)
  expect(recent.filter(({ functionName }) => functionName === 'quiet')).toHaveLength(26)
  expect(recent.slice(0, 3).map(({ text }) => text)).toEqual(['first', '0', '100'])
  expect(recent.at(-1)?.text).toBe('2499')
  await log.close()
})

test('of a flood the last lines are at hand, and what the disk did not take is counted', async () => {
  const log = openOutputLog(folder)
  const long = 'x'.repeat(4_000)
  for (let n = 0; n < 2_500; n++) log.write(line(`${n} ${long}`)) // 10 MB in one turn of the event loop
  expect(log.recent()).toHaveLength(2_000)
  expect(log.recent().at(0)?.text).toBe(`500 ${long}`)
  // The file has its bytes a moment before the log hears of it: what is written until then is lost as well.
  let written = 2_500
  await expect
    .poll(
      () => {
        log.write(line('after'))
        written++
        return readFileSync(file(), 'utf8').includes('"after"')
      },
      { timeout: 30_000 },
    )
    .toBe(true)
  await log.close()
  const lines = kept()
  const told = lines.findIndex(({ stream }) => stream === 'platform')
  const lost = written - (lines.length - 1)
  expect(lost).toBeGreaterThan(1_000)
  expect(lines.at(told)).toMatchObject({ text: `${lost} lines lost` })
  expect(lines.at(told + 1)).toEqual(line('after'))
})

test(
  'what is written without end takes two files and no more, also after a start again',
  { timeout: 60_000 },
  async () => {
    const sizes = (): readonly number[] => readdirSync(folder).map((name) => statSync(join(folder, name)).size)
    for (let start = 0; start < 3; start++) {
      const log = openOutputLog(folder, 10_000)
      for (let n = 0; n < 50; n++) log.write(line('x'.repeat(1_000)))
      await log.close()
      expect(sizes()).toHaveLength(2)
      expect(Math.max(...sizes())).toBeLessThan(12_000)
    }
  },
)
