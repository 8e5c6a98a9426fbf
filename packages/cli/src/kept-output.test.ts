import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { afterEach, beforeEach, expect, test } from 'vitest'

import { keptOutput } from './kept-output.ts'
import { appWith, type } from './testing.ts'

const line = (functionName: string, text: string): string =>
  JSON.stringify({ at: 0, functionName, boxId: 'b', stream: 'stdout', text })
const lines = [line('orders', 'one'), line('payments', 'two')]

let app: ReturnType<typeof appWith>
let file: string
beforeEach(() => {
  app = appWith({ 'sallyport.yaml': 'app: checkout\n' })
  file = join(app.folder, '.sallyport/logs/output.ndjson')
  mkdirSync(dirname(file), { recursive: true })
})
afterEach(() => app.remove())

const say = (...words: readonly string[]): ReturnType<typeof type> => type(['logs', ...words], { cwd: app.folder })

test('without a server, logs shows what the last one left, and says so apart from it', async () => {
  writeFileSync(file, `${lines.join('\n')}\n{"at":0,"functionN`)
  const told = 'no server runs; the last lines of the one before:\n'
  expect(await say()).toEqual({
    stdout: '00:00:00.000 - orders one\n00:00:00.000 - payments two\n',
    stderr: told,
    exitCode: 0,
  })
  expect((await say('payments')).stdout).toBe('00:00:00.000 - payments two\n')
  expect(await say('--json')).toEqual({ stdout: `${lines.join('\n')}\n`, stderr: told, exitCode: 0 })
})

test('without a server nothing follows, and where nothing was kept there is nothing to show', async () => {
  writeFileSync(file, `${lines.join('\n')}\n`)
  expect(await say('-f')).toMatchObject({ stdout: '', exitCode: 4 })
  rmSync(file)
  const { stderr, exitCode } = await say()
  expect(stderr).toContain('(cli.not_running)')
  expect(exitCode).toBe(4)
})

test('of a long file the last lines are read, each from its beginning', () => {
  writeFileSync(file, Array.from({ length: 30_000 }, (_, n) => `${line('orders', `${n}`.padStart(40))}\n`).join(''))
  const kept = keptOutput(app.folder) ?? []
  expect(kept.length).toBeLessThan(15_000)
  expect(kept.at(-1)).toContain(' 29999"')
  expect(kept.every((one) => one.startsWith('{'))).toBe(true)
})

test('lines that are none, as a disk or another program left them, are left out', () => {
  writeFileSync(file, ['', 'text', '7', '{}', '{"at":"x","functionName":"f"}', lines[0]].join('\n'))
  expect(keptOutput(app.folder)).toEqual([lines[0]])
})

test('a link in a state folder that came along with an app is not followed, nor is a pipe waited for', async () => {
  const outside = join(app.folder, 'outside')
  writeFileSync(outside, `${lines[0]}\n`)
  symlinkSync(outside, file)
  expect(await say()).toMatchObject({ stdout: '', exitCode: 4, stderr: expect.stringContaining('cli.foreign_state') })
  rmSync(file)
  execFileSync('mkfifo', [file])
  expect(await say()).toMatchObject({ stdout: '', exitCode: 4, stderr: expect.stringContaining('is no file') })
})
