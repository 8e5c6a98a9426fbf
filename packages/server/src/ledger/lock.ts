import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { commandLine, SallyportError } from '@sallyport/core/access'

/**
 * Takes the folder for this process alone; returns what lets go of it, however often. Two writers would fork the log.
 * The lock is the kernel's, held through SQLite, so it ends with the process however that ends: no stale lock files.
 * Throws `ledger.locked`, naming the process that holds it.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const holder = join(folder, 'lock.pid')
  // Only when it is missing: closing any descriptor of a file lets go of this process's own locks on it (fcntl(2)).
  if (!existsSync(join(folder, 'lock'))) closeSync(openSync(join(folder, 'lock'), 'a', 0o600))
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!isBusy(cause)) throw unavailable(folder, cause)
    const pid = pidIn(holder)
    const held = holdsLock(pid, join(folder, 'lock'))
    throw new SallyportError(
      'ledger.locked',
      `Process ${pid} already writes the ledger in ${folder}: Ctrl-C in its terminal ends it.`,
      { cause, ...(held ? { fix: commandLine('kill', pid) } : {}) },
    )
  }
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 })
  return () => void (database.isOpen && database.close())
}

function isBusy(error: unknown): boolean {
  const busy = 5 // SQLITE_BUSY
  return error instanceof Error && 'errcode' in error && error.errcode === busy
}

function unavailable(folder: string, cause: unknown): SallyportError {
  return new SallyportError('ledger.unavailable', `The lock of the ledger in ${folder} cannot be taken.`, { cause })
}

/**
 * True when the kernel itself names the process as a holder of the file's lock (proc_locks(5)). The number in the
 * file alone is no ground for a `kill`: by now it may be anybody's.
 */
function holdsLock(pid: string, file: string): boolean {
  try {
    const { ino } = statSync(file)
    const locks = readFileSync('/proc/locks', 'utf8').split('\n')
    return locks.map((line) => line.trim().split(/\s+/)).some((row) => row[4] === pid && row[5]?.endsWith(`:${ino}`))
  } catch {
    return false // not Linux, or not for us to see
  }
}

function pidIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'unknown' // the holder has the lock and has not written its number yet
  }
}
