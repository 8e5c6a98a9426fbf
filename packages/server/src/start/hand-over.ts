import { closeSync, constants, fchmodSync, fchownSync, fstatSync, lstatSync, mkdirSync, openSync } from 'node:fs'
import { readdirSync, readFileSync, rmSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'

import { rootCommandLine, SallyportError } from '@sallyport/core/access'

import { isServerUid } from './uid-block.ts'

const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Gives a state folder of root's to the server's uid, or makes it. Adversary: whoever may write in the folder around
 * it and puts a link, or something of others, in its place. So nothing is followed, all is done through what was opened
 * and looked at, and what belongs to anybody else, is a link, or has a second name, is refused with `state.foreign`.
 * The top comes last: what was cut short is done again.
 */
export function handOverState(folder: string, to: number): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  }
  // One that kept root would lose its files under its hands.
  if (lstatSync(folder).uid === 0 && isLocked(join(folder, 'ledger/lock'))) {
    throw new SallyportError('ledger.locked', `A server that kept root writes the ledger in ${folder}: end it first.`)
  }
  give(folder, folder, to)
}

function give(path: string, shown: string, to: number): void {
  const entry = lstatSync(path)
  if (entry.uid === to) return
  const what = entry.isDirectory() ? 'folder' : 'file'
  if (entry.uid !== 0) {
    throw foreign(`${shown} is not a ${what} of this user`, rootCommandLine(0, 'chown', '-R', '0', shown))
  }
  // Left by a server that was killed; the next one makes its own.
  if (entry.isSocket()) return rmSync(path)
  const odd = `${shown} is a link or has a second name: what it stands for is not taken over`
  const fix = rootCommandLine(0, 'rm', shown)
  if ((!entry.isDirectory() && !entry.isFile()) || (entry.isFile() && entry.nlink !== 1)) throw foreign(odd, fix)
  const descriptor = openSync(path, openFlags)
  try {
    const found = fstatSync(descriptor)
    if (found.ino !== entry.ino || found.dev !== entry.dev) throw foreign(`${shown} was replaced just now`)
    if (found.isDirectory()) {
      fchmodSync(descriptor, 0o700)
      const inside = `/proc/self/fd/${descriptor}`
      for (const name of readdirSync(inside)) give(join(inside, name), join(shown, name), to)
    }
    fchownSync(descriptor, to, to)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Lets the server's group read an app that root has closed to everybody else, but for its state: nobody loses a right
 * that way, and nobody but the server gains one. Throws `server.unreadable` when the app is closed in another way.
 */
export function letAppBeRead(folder: string, group: number): void {
  const manifest = join(folder, manifestFile)
  const found = [folder, manifest].map((path) => statSync(path, { throwIfNoEntry: false }))
  const [top] = found
  if (top === undefined || found.every((one) => one === undefined || mayRead(one, group))) return
  if (top.uid === 0 && (top.mode & 0o022) === 0) letGroupRead(folder, group)
  for (const [path, word] of [
    [folder, 'o+rx'],
    [manifest, 'o+r'],
  ] as const) {
    const now = statSync(path, { throwIfNoEntry: false })
    if (now === undefined || mayRead(now, group)) continue
    const message = `${path} cannot be read by the server, which does not run as root (uid ${group})`
    throw new SallyportError('server.unreadable', message, { fix: rootCommandLine(0, 'chmod', word, path) })
  }
}

/** A folder is read by whoever may list and enter it. */
function mayRead(found: Stats, group: number): boolean {
  const wanted = found.isDirectory() ? 0o5 : 0o4
  return (found.mode & wanted) === wanted || (found.gid === group && ((found.mode >> 3) & wanted) === wanted)
}

function letGroupRead(path: string, group: number): void {
  let descriptor: number
  try {
    descriptor = openSync(path, openFlags)
  } catch (error) {
    // A link, a socket, or gone since it was listed.
    if (['ELOOP', 'ENXIO', 'ENOENT'].some((code) => isCode(error, code))) return
    throw error
  }
  try {
    const found = fstatSync(descriptor)
    if (found.uid !== 0 || (found.isFile() && found.nlink !== 1)) return
    if (isClosed(found)) {
      fchownSync(descriptor, 0, group)
      const enter = found.isDirectory() || (found.mode & 0o100) !== 0
      fchmodSync(descriptor, (found.mode & 0o7777) | (enter ? 0o050 : 0o040))
    }
    if (!found.isDirectory()) return
    const inside = `/proc/self/fd/${descriptor}`
    for (const name of readdirSync(inside)) {
      if (!leftAlone.has(name)) letGroupRead(join(inside, name), group)
    }
  } finally {
    closeSync(descriptor)
  }
}

const manifestFile = 'sallyport.yaml'
const leftAlone: ReadonlySet<string> = new Set(['.sallyport', '.git'])

/** Root's own, with nothing for others, and nothing for a group but one that was let in by this. */
function isClosed({ mode, gid }: Stats): boolean {
  return (mode & 0o007) === 0 && ((mode & 0o070) === 0 || isServerUid(gid))
}

function foreign(message: string, fix?: string): SallyportError {
  return new SallyportError('state.foreign', `${message}.`, fix === undefined ? {} : { fix })
}

/** True while a process holds a lock on the file, as the kernel tells it (proc_locks(5)). */
function isLocked(file: string): boolean {
  const ino = lstatSync(file, { throwIfNoEntry: false })?.ino
  const rows = readFileSync('/proc/locks', 'utf8').split('\n')
  return ino !== undefined && rows.some((row) => row.trim().split(/\s+/)[5]?.endsWith(`:${ino}`))
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
