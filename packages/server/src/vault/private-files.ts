import { closeSync, constants, fstatSync, fsyncSync, lstatSync, mkdirSync, openSync } from 'node:fs'
import { readFileSync, renameSync, rmSync, type Stats, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { commandLine, rootCommandLine, SallyportError } from '@sallyport/core/access'

import { uidOutside } from '../start/index.ts'

// Adversary: another user of this machine, who reads what was left open, or plants a file or link of his own.

/** Makes the folder with mode 0700. */
export function makePrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
}

/** Throws `vault.permissions` unless the folder is ours and closed to everybody else. */
export function requirePrivateFolder(path: string): void {
  const found = lstatSync(path)
  if (!found.isDirectory()) throw notOurs(path, 'is not a folder', `ls -ld '${path}'`)
  requirePrivate(path, found, '700')
}

/** The text of a file that is ours alone; undefined when there is none. Throws `vault.permissions`. */
export function readPrivateFile(path: string): string | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP') throw notOurs(path, 'is a symbolic link')
    if (code === 'EACCES') throw notOurs(path, 'cannot be read', takeOver(path))
    throw error
  }
  try {
    const found = fstatSync(descriptor)
    if (!found.isFile()) throw notOurs(path, 'is not a file')
    requirePrivate(path, found, '600')
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/** Writes the whole file or leaves the old one: new file, fsync, rename, fsync of the folder. */
export function replacePrivateFile(path: string, text: string): void {
  const next = `${path}.next`
  rmSync(next, { force: true }) // left by a change that was cut short, or planted with a mode of its own
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const descriptor = openSync(next, flags, 0o600)
  try {
    writeFileSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(next, path)
  syncFolder(dirname(path))
}

/** Makes new names in a folder survive loss of power. */
export function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function requirePrivate(path: string, found: Stats, mode: '600' | '700'): void {
  const self = process.getuid?.() ?? found.uid
  if (found.uid !== self) throw notOurs(path, 'belongs to another user', takeOver(path))
  if ((found.mode & 0o077) !== 0) throw notOurs(path, 'is open to other users', commandLine('chmod', mode, path))
}

function takeOver(path: string): string {
  return rootCommandLine(process.getuid?.(), 'chown', String(uidOutside() ?? 0), path)
}

function notOurs(path: string, what: string, fix?: string): SallyportError {
  const message = `${path} ${what}, so what the vault keeps there is not safe.`
  return new SallyportError('vault.permissions', message, fix === undefined ? {} : { fix })
}
