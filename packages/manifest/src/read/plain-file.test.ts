import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { readPlainFile } from './plain-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-plain-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const code = (path: string): string => {
  try {
    return String(readPlainFile(path))
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'other'
  }
}

test('a file is read; what is none, or nowhere, is told as ever', () => {
  writeFileSync(join(folder, 'a'), 'text')
  expect(code(join(folder, 'a'))).toBe('text')
  expect(code(join(folder, 'b'))).toBe('ENOENT')
  expect(code(folder)).toBe('EISDIR')
})

test('a pipe that nobody writes to, and a device without an end, are refused at once', () => {
  execFileSync('mkfifo', [join(folder, 'pipe')])
  expect(code(join(folder, 'pipe'))).toBe('manifest.unreadable')
  expect(code('/dev/zero')).toBe('manifest.unreadable')
})

test('what is larger than anybody writes is not read', () => {
  writeFileSync(join(folder, 'large'), '')
  truncateSync(join(folder, 'large'), 2 ** 40)
  expect(code(join(folder, 'large'))).toBe('manifest.unreadable')
})
