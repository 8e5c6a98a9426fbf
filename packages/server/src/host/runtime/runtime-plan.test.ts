import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { nodeCommand, pythonVersion } from './runtimes.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-python-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a box has an inspector where somebody debugs in it, and nowhere else', () => {
  const command = (debug: boolean): string => nodeCommand('/node', ['/client.mjs'], 128, debug).join(' ')
  expect(command(true), 'control').toContain('--inspect=')
  expect(command(false)).not.toContain('--inspect')
})

test('the version of Python is that of the program to which its name leads, or none', () => {
  const link = (name: string, to: string): string => {
    const path = join(folder, name)
    symlinkSync(to, path)
    return path
  }
  const plain = join(folder, 'plain')
  writeFileSync(plain, '')
  expect(pythonVersion(link('python3', 'python3.11')), 'control').toBe('3.11')
  for (const path of [plain, join(folder, 'absent'), link('other', '/opt/python2.7')])
    expect(pythonVersion(path), path).toBeUndefined()
})
