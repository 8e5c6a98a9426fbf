import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { announceApi, type Folders, openFolders } from './state-folder.ts'

let app: string
let opened: Folders[] = []
const open = (folder: string): Folders => {
  const folders = openFolders(folder)
  opened.push(folders)
  return folders
}

beforeEach(() => {
  app = mkdtempSync(join(tmpdir(), 'sallyport-state-'))
  opened = []
})

afterEach(() => {
  for (const { socket } of opened) rmSync(dirname(socket), { recursive: true, force: true })
  rmSync(app, { recursive: true, force: true })
})

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)

test('makes a state folder that only its owner may enter', () => {
  const folders = open(app)
  expect([mode(folders.state), mode(folders.ledger), mode(folders.keys)]).toEqual(['700', '700', '700'])
})

test('closes a state folder that was left open', () => {
  const { state } = open(app)
  chmodSync(state, 0o755)
  open(app)
  expect(mode(state)).toBe('700')
})

test('refuses a file or a link where the state folder should be', () => {
  writeFileSync(join(app, '.sallyport'), '')
  expect(() => openFolders(app)).toThrow(expect.objectContaining({ code: 'state.foreign' }))
  rmSync(join(app, '.sallyport'))
  symlinkSync(tmpdir(), join(app, '.sallyport'))
  expect(() => openFolders(app)).toThrow(expect.objectContaining({ code: 'state.foreign' }))
})

test('the local token is new on each run and for its owner only', () => {
  const folders = open(app)
  const first = announceApi(folders)
  expect(announceApi(folders)).not.toBe(first)
  expect(first).toMatch(/^[0-9a-f]{64}$/)
  expect(mode(folders.token)).toBe('600')
})

test('a folder with a long path gets its socket elsewhere, where it fits', () => {
  const long = join(app, 'x'.repeat(90))
  const folders = open(long)
  expect(Buffer.byteLength(folders.socket)).toBeLessThan(108)
  expect(folders.socket.startsWith(folders.state)).toBe(false)
})
