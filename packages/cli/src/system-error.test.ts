import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { explainSystemError } from './system-error.ts'
import { appWith, type } from './testing.ts'

test('what the operating system refuses is told with the file, and without a stack', async () => {
  const app = appWith({ file: 'x' })
  const { stderr, exitCode } = await type(['init', 'file/below'], { cwd: app.folder })
  app.remove()
  const told = `cannot mkdir ${join(app.folder, 'file/below')}: a part of its path is a file`
  expect(stderr).toBe(`sallyport: ${told} (cli.system)\n`)
  expect(exitCode).toBe(70)
})

test('a folder in the place of the manifest is a fault of it', async () => {
  const app = appWith({})
  mkdirSync(join(app.folder, 'sallyport.yaml'))
  const { stdout, exitCode } = await type(['test'], { cwd: app.folder })
  rmSync(join(app.folder, 'sallyport.yaml'), { recursive: true })
  writeFileSync(join(app.folder, 'sallyport.yaml'), 'app: x\n')
  const control = await type(['test'], { cwd: app.folder })
  app.remove()
  expect(stdout).toContain('"sallyport.yaml" cannot be read. (manifest.file_missing)')
  expect([exitCode, control.exitCode]).toEqual([2, 2])
  expect(control.stdout).not.toContain('cannot be read')
})

test('what is no word of the operating system stays what it is', () => {
  const bug = new TypeError('x is not a function')
  expect(explainSystemError(bug)).toBe(bug)
  for (const other of ['text', null, { code: 'EACCES', syscall: 'open', path: '/a' }]) {
    expect(explainSystemError(other)).toBe(other)
  }
})

test('a full disk is told in words, although no file is named then', () => {
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' })
  expect(explainSystemError(full)).toMatchObject({ code: 'cli.system', message: 'cannot write: the disk is full' })
  const bug = Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'kill' })
  expect(explainSystemError(bug)).toBe(bug)
})
