import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

import { commandLine, rootCommandLine, SallyportError } from '@sallyport/core/access'

import { readRights, runtimeFolderFor, uidOutside } from '../start/index.ts'

/** Where one app keeps what must outlive a run. */
export interface Folders {
  /** `APP/.sallyport`, 0700: ledger, keys, certificates, sign-in details. */
  readonly state: string
  readonly ledger: string
  readonly keys: string
  readonly certificates: string
  readonly tables: string
  readonly store: string
  /** Used DPoP proofs, so that a restart lets none through again. */
  readonly usedProofs: string
  readonly output: string
  readonly signIn: string
  /** What `dev --learn` recorded. */
  readonly learned: string
  /** The local API's socket; its path may lie elsewhere when the app's own path is too long for a socket. */
  readonly socket: string
  readonly socketAddress: string
  readonly token: string
}

/** Longer paths do not fit a unix socket address (108 bytes with its end). */
const maxSocketPathBytes = 100

/** Opens, or on the first run makes, the state folder. Refuses one that somebody else owns, or that holds links. */
export function openFolders(appFolder: string): Folders {
  const state = join(appFolder, '.sallyport')
  ensurePrivate(state)
  refuseLinks(state)
  const folders: Folders = {
    state,
    ledger: join(state, 'ledger'),
    keys: join(state, 'keys'),
    certificates: join(state, 'certificates'),
    tables: join(state, 'tables'),
    store: join(state, 'state.sqlite'),
    usedProofs: join(state, 'used-proofs'),
    output: join(state, 'logs'),
    signIn: join(state, 'development-sign-in.json'),
    learned: join(state, 'learned'),
    socket: join(socketFolderOf(state), 'api.sock'),
    socketAddress: join(state, 'api-address'),
    token: join(state, 'api-token'),
  }
  for (const folder of [folders.ledger, folders.keys, folders.certificates, folders.tables, folders.output]) {
    ensurePrivate(folder)
  }
  return folders
}

/** Makes this run's local token and tells clients where the socket is. Only after the ledger's lock is held. */
export function announceApi(folders: Folders): string {
  const token = randomBytes(32).toString('hex')
  writePrivate(folders.token, token)
  writePrivate(folders.socketAddress, folders.socket)
  rmSync(folders.socket, { force: true })
  return token
}

/** Writes a file that only its owner may read. It is the old one or the new one, whenever this process is killed. */
export function writePrivate(path: string, content: string): void {
  const next = `${path}.next`
  writeFileSync(next, content, { mode: 0o600 })
  chmodSync(next, 0o600)
  renameSync(next, path)
}

/** Writes files of JSON into a folder of ours. */
export function writeDocuments(folder: string, files: Readonly<Record<string, object>>): void {
  for (const [name, value] of Object.entries(files)) writePrivate(join(folder, name), `${JSON.stringify(value)}\n`)
}

/**
 * The object of JSON that stands in one of our own files, or undefined where there is none. Throws `state.damaged` for
 * anything else, without a word of it: what stands there may be secret.
 */
export function readOwnObject(path: string): object | undefined {
  if (!existsSync(path)) return undefined
  const value = parsed(readFileSync(path, 'utf8'))
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new SallyportError('state.damaged', `${path} is no JSON object any more: a disk or somebody changed it.`, {
    fix: commandLine('mv', path, `${path}.damaged`),
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the parser's own message quotes what it read
  }
}

function socketFolderOf(state: string): string {
  if (Buffer.byteLength(join(state, 'api.sock')) <= maxSocketPathBytes) return state
  const digest = createHash('sha256').update(state).digest('hex').slice(0, 12)
  const { kind } = readRights()
  // The temporary folder of root may be closed to a server that gave root up.
  const elsewhere =
    kind === 'dropped' ? join(runtimeFolderFor(state), 'api') : join(tmpdir(), `sallyport-${userInfo().uid}-${digest}`)
  ensurePrivate(elsewhere)
  return elsewhere
}

/**
 * Adversary: who wrote the app, and had a state folder come along in which the log of its functions' output is a link
 * to what a shell reads when it starts.
 */
function refuseLinks(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isSymbolicLink()) {
      throw new SallyportError('state.foreign', `${path} is a link: what it stands for is not written to.`, {
        fix: commandLine('rm', path),
      })
    }
    if (entry.isDirectory()) refuseLinks(path)
  }
}

/** Adversary: another user of this machine who made the folder first, or put a link in its place. */
function ensurePrivate(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  const own = process.getuid?.() ?? found.uid
  if (!found.isDirectory() || found.uid !== own) {
    throw new SallyportError('state.foreign', `${folder} is not a folder of this user.`, {
      fix: rootCommandLine(own, 'chown', '-R', String(uidOutside() ?? own), folder),
    })
  }
  if ((found.mode & 0o777) !== 0o700) chmodSync(folder, 0o700)
}
