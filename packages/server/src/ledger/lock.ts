import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { SallyportError } from '@sallyport/core/access'

/**
 * Takes the folder for this process alone; returns what lets go of it. Two writers would fork the log.
 * The lock is the kernel's, held through SQLite, so it ends with the process however that ends: no stale lock files.
 * Throws `ledger.locked`, naming the process that holds it.
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const holder = join(folder, 'lock.pid')
  closeSync(openSync(join(folder, 'lock'), 'a', 0o600))
  const database = new DatabaseSync(join(folder, 'lock'), { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (!isBusy(cause)) throw unavailable(folder, cause)
    throw new SallyportError('ledger.locked', `Process ${pidIn(holder)} already writes the ledger in ${folder}.`, {
      cause,
      fix: `kill ${pidIn(holder)}`,
    })
  }
  writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 })
  return () => database.close()
}

function isBusy(error: unknown): boolean {
  const busy = 5 // SQLITE_BUSY
  return error instanceof Error && 'errcode' in error && error.errcode === busy
}

function unavailable(folder: string, cause: unknown): SallyportError {
  return new SallyportError('ledger.unavailable', `The lock of the ledger in ${folder} cannot be taken.`, { cause })
}

function pidIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'unknown' // the holder has the lock and has not written its number yet
  }
}
