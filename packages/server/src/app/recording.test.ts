import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parseSeen, type SeenExit } from '@sallyport/manifest'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { openRecording } from './recording.ts'

let folder: string
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'sallyport-recording-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const seen = (url: string, at = 1): SeenExit => ({ at, functionName: 'a', effect: 'deny', method: 'GET', url })

it('writes each thing that is asked for once, for its owner alone, and adds to what was there', () => {
  const file = join(folder, 'learned')
  const record = openRecording(file, () => expect.fail('it failed'))
  record(seen('https://a.example/'))
  record(seen('https://a.example/', 2))
  record(seen('https://b.example/'))
  openRecording(file, () => expect.fail('it failed'))(seen('https://c.example/'))
  const lines = readFileSync(file, 'utf8').split('\n')
  expect(lines.map((line) => parseSeen(line)?.url)).toEqual([
    'https://a.example/',
    'https://b.example/',
    'https://c.example/',
    undefined,
  ])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('stays within its bounds, and says once that it is full', () => {
  const file = join(folder, 'learned')
  const told: unknown[] = []
  const record = openRecording(file, (cause) => told.push(cause))
  for (let index = 0; index < 5_003; index++) record(seen(`https://a.example/${index}`))
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(5_001)
  expect(told).toHaveLength(1)
})
