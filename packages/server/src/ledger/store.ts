import { closeSync, constants, fdatasync, fstatSync, fsync, ftruncateSync, mkdirSync, openSync } from 'node:fs'
import { readdirSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** One file of the ledger, open for appending by the one writer. */
export interface LedgerFile {
  /** Bytes in the file when it was opened. */
  readonly openedBytes: number
  /** Returns how many bytes went in, which may be fewer; those survive the end of this process. Throws. */
  write(bytes: Uint8Array, position: number): number
  /** Resolves when everything written before the call survives loss of power. Rejects when that is not certain. */
  sync(): Promise<void>
  truncate(bytes: number): void
  close(): void
}

/**
 * Where the ledger's files lie. Contract: one writer; `write` never goes past a failed part; `replace` is atomic (a
 * reader sees the old bytes or the new) and durable when it resolves; `syncFolder` makes new names durable. Nothing is
 * retried.
 */
export interface LedgerStore {
  names(): readonly string[]
  /** The whole file, or undefined when there is none. */
  read(name: string): Uint8Array | undefined
  /** Opens for appending; makes the file if there is none. */
  open(name: string): LedgerFile
  replace(name: string, bytes: Uint8Array): Promise<void>
  syncFolder(): Promise<void>
}

const syncData = promisify(fdatasync)
const syncAll = promisify(fsync)

/** A folder on this machine (0700, files 0600). */
export function createDirectoryStore(folder: string): LedgerStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const syncFolder = async (): Promise<void> => {
    const descriptor = openSync(folder, 'r')
    try {
      await syncAll(descriptor)
    } finally {
      closeSync(descriptor)
    }
  }
  return {
    names: () => readdirSync(folder),
    read: (name) => readIfThere(join(folder, name)),
    open: (name) => {
      const descriptor = openSync(join(folder, name), flagsForWriting, 0o600)
      return {
        openedBytes: fstatSync(descriptor).size,
        // Synchronous on purpose: it goes to the page cache in microseconds, and a trip through the pool costs more.
        write: (bytes, position) => writeSync(descriptor, bytes, 0, bytes.length, position),
        sync: () => syncData(descriptor),
        truncate: (bytes) => ftruncateSync(descriptor, bytes),
        close: () => closeSync(descriptor),
      }
    },
    replace: async (name, bytes) => {
      const next = join(folder, `${name}.next`)
      rmSync(next, { force: true }) // left by a replacement that was cut short
      const descriptor = openSync(next, 'wx', 0o600)
      try {
        writeWhole(descriptor, bytes)
        await syncAll(descriptor)
      } finally {
        closeSync(descriptor)
      }
      renameSync(next, join(folder, name))
      await syncFolder()
    },
    syncFolder,
  }
}

// Not O_APPEND: after a failed write the position is ours to choose.
const flagsForWriting = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let offset = 0; offset < bytes.length;) offset += writeSync(descriptor, bytes, offset)
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
