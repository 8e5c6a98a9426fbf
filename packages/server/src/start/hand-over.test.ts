import { chmodSync, chownSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { handOverState, letAppBeRead } from './hand-over.ts'

const root = process.getuid?.() === 0
const server = 1_900_000_000
const somebody = 65_534

let folder: string
let state: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-hand-'))
  state = join(folder, '.sallyport')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text = 'text', mode = 0o600): string => {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(path, text, { mode })
  return path
}
const ownerOf = (path: string): number => lstatSync(path).uid
const codeOf = (act: () => void): unknown => {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

describe.skipIf(!root)('the state folder (as root)', () => {
  it('is made for the server’s uid, closed to everybody else', () => {
    handOverState(state, server)
    const { uid, gid, mode } = lstatSync(state)
    expect([uid, gid, mode & 0o777]).toEqual([server, server, 0o700])
  })

  it('of root goes over with all that is in it, and is the same on the next start', () => {
    const files = ['.sallyport/ledger/log/0', '.sallyport/keys/root.key', '.sallyport/api-token'].map((one) =>
      write(one),
    )
    handOverState(state, server)
    for (const path of [state, join(state, 'ledger/log'), ...files]) expect(ownerOf(path), path).toBe(server)
    handOverState(state, server)
    expect(readFileSync(join(state, 'api-token'), 'utf8')).toBe('text')
  })

  it('that was handed over in part is handed over to the end, and a socket left behind goes', async () => {
    const [first, second] = [write('.sallyport/a'), write('.sallyport/b')]
    chownSync(first, server, server)
    const listener = createServer().listen(join(state, 'api.sock'))
    await new Promise((resolve) => listener.once('listening', resolve))
    handOverState(state, server)
    expect([first, second, state].map(ownerOf)).toEqual([server, server, server])
    expect(lstatSync(join(state, 'api.sock'), { throwIfNoEntry: false })).toBeUndefined()
    await new Promise((resolve) => listener.close(resolve))
  })

  it('that a running server holds is not taken over, and is once that has ended', () => {
    write('.sallyport/ledger/lock', '')
    const holder = new DatabaseSync(join(state, 'ledger/lock'))
    holder.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    expect(codeOf(() => handOverState(state, server))).toBe('ledger.locked')
    expect(ownerOf(state)).toBe(0)
    holder.close()
    handOverState(state, server)
    expect(ownerOf(state)).toBe(server)
  })

  it('is not taken over through a link, and what the link leads to stays root’s', () => {
    const secret = write('elsewhere/secret')
    symlinkSync(join(folder, 'elsewhere'), state)
    expect(codeOf(() => handOverState(state, server))).toBe('state.foreign')
    expect([secret, join(folder, 'elsewhere')].map(ownerOf)).toEqual([0, 0])
  })

  it('is not taken over with a link in it, nor with a second name of a file of root’s', () => {
    const secret = write('secret')
    for (const plant of [symlinkSync, linkSync]) {
      write('.sallyport/token')
      plant(secret, join(state, 'planted'))
      expect(
        codeOf(() => handOverState(state, server)),
        plant.name,
      ).toBe('state.foreign')
      expect([ownerOf(secret), ownerOf(state)]).toEqual([0, 0])
      rmSync(state, { recursive: true })
    }
  })

  it('of another user, or with something of another user in it, is refused', () => {
    chownSync(write('.sallyport/token'), somebody, somebody)
    expect(codeOf(() => handOverState(state, server))).toBe('state.foreign')
    expect(ownerOf(state)).toBe(0)
    chownSync(state, somebody, somebody)
    expect(codeOf(() => handOverState(state, server))).toBe('state.foreign')
    expect(ownerOf(state)).toBe(somebody)
  })
})

describe.skipIf(!root)('an app (as root)', () => {
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

  it('that root closed is read by the server’s group and by nobody else, but for its state', () => {
    const [manifest, source, program] = [write('sallyport.yaml'), write('src/a.ts'), write('src/bootstrap', '', 0o700)]
    const token = write('.sallyport/token')
    letAppBeRead(folder, server)
    expect([folder, join(folder, 'src'), manifest, source, program].map(modeOf)).toEqual([
      '750',
      '750',
      '640',
      '640',
      '750',
    ])
    for (const path of [folder, manifest, source]) expect([ownerOf(path), statSync(path).gid]).toEqual([0, server])
    expect([modeOf(token), statSync(token).gid]).toEqual(['600', 0])
  })

  it('that everybody may read is left as it is', () => {
    chmodSync(folder, 0o755)
    const [manifest, closed] = [write('sallyport.yaml', '', 0o644), write('.env')]
    letAppBeRead(folder, server)
    expect([folder, manifest, closed].map(modeOf)).toEqual(['755', '644', '600'])
  })

  it('of somebody else, or with a group that has rights, is not changed: it is refused, with what opens it', () => {
    write('sallyport.yaml', '', 0o644)
    chownSync(folder, somebody, somebody)
    expect(codeOf(() => letAppBeRead(folder, server))).toBe('server.unreadable')
    chownSync(folder, 0, somebody)
    chmodSync(folder, 0o750)
    expect(codeOf(() => letAppBeRead(folder, server))).toBe('server.unreadable')
    expect([modeOf(folder), statSync(folder).gid]).toEqual(['750', somebody])
  })

  it('lets nobody read a file that has a second name, or is somebody else’s', () => {
    write('sallyport.yaml')
    const [secret, theirs] = [write('elsewhere/secret'), write('src/theirs')]
    linkSync(secret, join(folder, 'src/second'))
    chownSync(theirs, somebody, somebody)
    letAppBeRead(folder, server)
    expect([secret, theirs].map(modeOf)).toEqual(['600', '600'])
  })
})
