import {
  chmodSync,
  chownSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

import { announceApi, type Folders, openFolders, readOwnObject, writePrivate } from './state-folder.ts'

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
  const { state, ledger, keys, certificates, tables, output } = folders
  expect([state, ledger, keys, certificates, tables, output].map(mode)).toEqual(Array(6).fill('700'))
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

test('a private file is the old one or the new one at every moment, and open to nobody else', () => {
  const path = join(app, 'private.json')
  expect(readOwnObject(path)).toBeUndefined()
  writePrivate(path, '{"is":"old"}')
  const old = openSync(path, 'r')
  writePrivate(path, '{"is":"new"}')
  expect([readFileSync(old, 'utf8'), readOwnObject(path), mode(path)]).toEqual(['{"is":"old"}', { is: 'new' }, '600'])
  closeSync(old)
})

test.each(['', '{"password":"fake-se', '[]', 'null'])(
  'a file of ours that holds %j is told as damaged, unquoted',
  (text) => {
    const path = join(app, 'private.json')
    writePrivate(path, text)
    const told = expect.objectContaining({ code: 'state.damaged', message: expect.not.stringContaining('fake') })
    expect(() => readOwnObject(path)).toThrow(told)
  },
)

for (const place of ['api-token', 'logs/output.ndjson', 'ledger/lock.pid', 'certificates/ca.pem']) {
  test(`writes nothing through a link that came with the app, at ${place}`, () => {
    const { state } = open(app)
    const outside = join(app, 'outside')
    writeFileSync(outside, 'mine')
    symlinkSync(outside, join(state, place))
    expect(() => openFolders(app)).toThrow(expect.objectContaining({ code: 'state.foreign' }))
    rmSync(join(state, place))
    expect(open(app).state, 'control').toBe(state)
  })
}

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

test('refuses a link in the place of a socket folder elsewhere, which somebody put there first', () => {
  const long = join(app, 'x'.repeat(90))
  const elsewhere = dirname(open(long).socket)
  rmSync(elsewhere, { recursive: true })
  symlinkSync(app, elsewhere)
  expect(() => openFolders(long)).toThrow(expect.objectContaining({ code: 'state.foreign' }))
})

for (const [what, placeOf] of [
  ['a state folder', ({ state }: Folders) => state],
  ['a folder of keys', ({ keys }: Folders) => keys],
  ['a socket folder elsewhere', ({ socket }: Folders) => dirname(socket)],
] as const) {
  test.skipIf(process.getuid?.() !== 0)(`refuses ${what} of somebody else (as root only)`, () => {
    const long = join(app, 'x'.repeat(90))
    const place = placeOf(open(long))
    chownSync(place, 12_345, 12_345)
    expect(() => openFolders(long)).toThrow(expect.objectContaining({ code: 'state.foreign' }))
    chownSync(place, 0, 0)
    expect(() => openFolders(long), 'control').not.toThrow()
  })
}
