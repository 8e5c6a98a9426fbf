import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/core/access'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { blockAt } from './uid-block.ts'
import { explainUnreadable } from './unreadable.ts'

const block = blockAt(1_900_000_000)
const dropped = { kind: 'dropped', block } as const

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sallyport-unreadable-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const refused = (path: string): Error => Object.assign(new Error(`EACCES: open '${path}'`), { code: 'EACCES', path })
const file = (name: string, mode: number): string => {
  writeFileSync(join(folder, name), '')
  chmodSync(join(folder, name), mode)
  return join(folder, name)
}

test('a file that root alone may read is given to the server’s group, and opened to nobody else', () => {
  const path = file('key.pem', 0o600)
  const fix = `chgrp 1900000000 ${path} && chmod g=rX ${path}`
  expect(explainUnreadable(refused(path), dropped)).toMatchObject({ code: 'server.unreadable', fix })
})

test('a group that reads it already is not taken from it', () => {
  const told = explainUnreadable(refused(file('shared.pem', 0o640)), dropped)
  expect(told).toMatchObject({ code: 'server.unreadable', message: expect.stringMatching(/the uid 1900000000/) })
  expect(told).toHaveProperty('fix', undefined)
})

test('what somebody has said of it already keeps its code; one that names a fix is left as it is', () => {
  const path = file('key.pem', 0o600)
  const said = new SallyportError('certificates.files', 'No certificate.', { cause: refused(path) })
  const told = explainUnreadable(said, dropped)
  expect(told).toMatchObject({ code: 'certificates.files', fix: expect.stringMatching(/^chgrp /) })
  const known = new SallyportError('vault.permissions', 'No.', { cause: refused(path), fix: 'ls' })
  expect(explainUnreadable(known, dropped)).toBe(known)
})

test('any other failure, and any of a server that never was root’s, is left as it is', () => {
  const path = file('key.pem', 0o600)
  const missing = Object.assign(new Error('ENOENT'), { code: 'ENOENT', path })
  expect(explainUnreadable(missing, dropped)).toBe(missing)
  for (const kind of ['user', 'root'] as const) {
    const failure = refused(path)
    expect(explainUnreadable(failure, { kind })).toBe(failure)
  }
})
