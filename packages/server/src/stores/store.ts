import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

import { commandLine, SallyportError } from '@sallyport/core/access'

/**
 * Small records, sealed at rest. Contract: synchronous, so that read–check–write in one turn of the event loop is one
 * step; what `put` and `delete` returned from survives loss of power; kinds and ids are stored readable, so whoever
 * uses a secret as an id hashes it first; an expired record is as good as deleted, to the second.
 */
export interface Store {
  /** The value; undefined when it was never put, was deleted, or has expired. */
  get(kind: string, id: string): string | undefined
  /** Puts or replaces. `expiresAtSeconds` counts from the epoch; absent means never. */
  put(kind: string, id: string, value: string, expiresAtSeconds?: number): void
  /** Nothing happens when there is none. */
  delete(kind: string, id: string): void
  /** The ids of one kind that have not expired, in no particular order. */
  ids(kind: string): readonly string[]
  close(): void
}

/** The part of a vault that seals values; the context ties a value to its place, so that rows cannot be swapped. */
export interface Sealer {
  readonly seal: (bytes: Uint8Array, context: StoreContext) => Uint8Array
  readonly unseal: (sealed: Uint8Array, context: StoreContext) => Uint8Array
}

interface StoreContext {
  readonly purpose: string
  readonly [name: string]: string
}

const schemaVersion = 1
/** Expired rows are deleted each time this many have been put. */
const sweepEvery = 256

/** Opens `state.sqlite`, or makes it. Throws `store.damaged`, `store.too_new`, `store.unavailable`. */
export function openStore(options: { file: string; vault: Sealer; nowSeconds: () => number }): Store {
  const { file, vault, nowSeconds } = options
  const guard = guardOf(file)
  const database = guard(() => openDatabase(file))
  const statement = (sql: string): ReturnType<DatabaseSync['prepare']> => guard(() => database.prepare(sql))
  const select = statement('SELECT sealed FROM record WHERE kind = ? AND id = ? AND (until IS NULL OR until > ?)')
  const upsert = statement('INSERT OR REPLACE INTO record (kind, id, sealed, until) VALUES (?, ?, ?, ?)')
  const remove = statement('DELETE FROM record WHERE kind = ? AND id = ?')
  const list = statement('SELECT id FROM record WHERE kind = ? AND (until IS NULL OR until > ?)')
  const sweep = statement('DELETE FROM record WHERE until <= ?')
  let puts = 0

  guard(() => sweep.run(nowSeconds()))
  return {
    get: (kind, id) => {
      const sealed = guard(() => select.get(kind, id, nowSeconds()))?.['sealed']
      if (sealed === undefined) return undefined
      if (!(sealed instanceof Uint8Array)) throw damaged(file, undefined)
      return Buffer.from(vault.unseal(sealed, contextOf(kind, id))).toString('utf8')
    },
    put: (kind, id, value, expiresAtSeconds) => {
      const sealed = vault.seal(Buffer.from(value, 'utf8'), contextOf(kind, id))
      guard(() => upsert.run(kind, id, sealed, expiresAtSeconds ?? null))
      puts += 1
      if (puts % sweepEvery === 0) guard(() => sweep.run(nowSeconds()))
    },
    delete: (kind, id) => void guard(() => remove.run(kind, id)),
    ids: (kind) => guard(() => list.all(kind, nowSeconds())).map((row) => String(row['id'])),
    close: () => database.close(),
  }
}

function contextOf(kind: string, id: string): StoreContext {
  return { purpose: 'store', kind, id }
}

function openDatabase(file: string): DatabaseSync {
  closeSync(openSync(file, 'a', 0o600)) // SQLite gives its side files the mode of this one
  const database = new DatabaseSync(file, { timeout: 1000 })
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
    const check = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
    if (check !== 'ok') throw damaged(file, new Error(String(check)))
    migrate(database, file)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(database: DatabaseSync, file: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > schemaVersion) {
    const message = `${file} was written by a newer Sallyport (schema ${version}; this one reads ${schemaVersion}).`
    throw new SallyportError('store.too_new', message)
  }
  database.exec(`BEGIN;
    CREATE TABLE IF NOT EXISTS record (
      kind TEXT NOT NULL, id TEXT NOT NULL, sealed BLOB NOT NULL, until REAL, PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS record_until ON record (until) WHERE until IS NOT NULL;
    PRAGMA user_version = ${schemaVersion};
    COMMIT`)
}

/** SQLite's result codes that mean the file itself is wrong: SQLITE_CORRUPT, SQLITE_NOTADB. */
const corrupt = new Set([11, 26])

/** Turns what SQLite throws into what an operator can act on. */
function guardOf(file: string): <T>(act: () => T) => T {
  return (act) => {
    try {
      return act()
    } catch (error) {
      if (error instanceof SallyportError) throw error
      const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
      if (code !== undefined && corrupt.has(code)) throw damaged(file, error)
      const message = `${file} cannot be read or written: is the disk full, or another process using it?`
      throw new SallyportError('store.unavailable', message, { cause: error })
    }
  }
}

function damaged(file: string, cause: unknown): SallyportError {
  const message = `${file} is damaged. Restore it from a backup; or move it away, and everybody signs in anew.`
  return new SallyportError('store.damaged', message, { cause, fix: commandLine('mv', file, `${file}.damaged`) })
}
