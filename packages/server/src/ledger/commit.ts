import { type Durability, type LedgerRecord, SallyportError } from '@sallyport/core/access'
import type { CompactRange, Sha256 } from '@sallyport/core/ledger'

import { createFrameBuffer, type Framed } from './frame-buffer.ts'
import type { SegmentLog } from './segment-log.ts'
import { createSpool } from './spool.ts'

/** The tree at a moment at which all of it survives loss of power. */
export interface DurableTree {
  readonly size: bigint
  readonly root: Uint8Array
}

/** Group commit: what comes in one turn of the event loop is one write; what comes during a sync shares the next. */
export interface Committer {
  readonly append: (record: LedgerRecord, durability: Durability) => Promise<bigint>
  readonly durable: () => Promise<DurableTree>
  /** Refuses every later append, writes what is waiting and syncs it. */
  readonly close: () => Promise<void>
}

interface Waiting extends Framed {
  readonly record: LedgerRecord
  readonly durability: Durability
  readonly resolve: (leafIndex: bigint) => void
  readonly reject: (error: SallyportError) => void
}

interface Unsynced {
  readonly resolve: () => void
  readonly reject: (error: SallyportError) => void
}

/** What the committer works on. */
export interface CommitterParts {
  readonly log: SegmentLog
  readonly range: CompactRange
  readonly sha256: Sha256
  readonly clock: () => number
  readonly spoolBytes: number
  readonly retryMs: number
  /** Told once per change for the worse; must not throw. */
  readonly onTrouble: (error: SallyportError) => void
}

/** Starts committing to an open log. */
export function createCommitter(parts: CommitterParts): Committer {
  const { log, range, sha256, clock } = parts
  const buffer = createFrameBuffer(sha256)
  const spool = createSpool<Waiting>(parts.spoolBytes)
  let queue: Waiting[] = []
  let unsynced: Unsynced[] = []
  let syncing: Promise<void> | undefined
  let trouble: SallyportError | undefined
  let fatal: SallyportError | undefined
  let closed = false
  let stopped = false
  let lost = 0
  let scheduled = false
  let retry: NodeJS.Timeout | undefined

  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    setImmediate(flush)
  }

  const append = (record: LedgerRecord, durability: Durability): Promise<bigint> =>
    new Promise((resolve, reject) => {
      if (closed) throw new SallyportError('ledger.closed', 'The ledger was closed; nothing can be recorded.')
      if (fatal) throw fatal
      const { leafHash, from, to } = buffer.add(record)
      queue.push({ leafHash, from, to, record, durability, resolve, reject })
      schedule()
    })

  const flush = (): void => {
    scheduled = false
    if (stopped) return // the file may be closed by now, and its descriptor somebody else's
    const batch = queue
    queue = []
    if (!fatal && settleArrears() && batch.length > 0) {
      const written = log.write(buffer.bytes())
      if (written.ok) {
        recovered()
        for (const waiting of batch) enter(waiting)
        buffer.clear()
        return
      }
      fail(written.cause, written.broken)
    }
    // Whatever is left here was not written: outcomes may wait in memory, everything else is refused (fail closed).
    for (const waiting of batch) turnAway(waiting)
    buffer.clear()
  }

  /** Writes what waited while the disk was full, and how much was lost; true when nothing is owed any more. */
  const settleArrears = (): boolean => {
    if (spool.isEmpty() && lost === 0) return true
    const gap = createFrameBuffer(sha256)
    const cause = trouble?.code ?? 'ledger.unavailable'
    const counted = lost > 0 ? gap.add({ kind: 'gap', at: clock(), lost, cause }) : undefined
    const written = log.write(Buffer.concat([spool.bytes(), gap.bytes()]))
    if (!written.ok) {
      fail(written.cause, written.broken)
      return false
    }
    for (const waiting of spool.take()) enter(waiting)
    if (counted) range.append(counted.leafHash)
    lost = 0
    recovered()
    return true
  }

  const enter = ({ leafHash, durability, resolve, reject }: Waiting): void => {
    const leafIndex = range.size()
    range.append(leafHash)
    if (durability === 'written') return resolve(leafIndex)
    unsynced.push({ resolve: () => resolve(leafIndex), reject })
    startSync()
  }

  const turnAway = (waiting: Waiting): void => {
    const error = fatal ?? trouble ?? unavailable(undefined)
    const bytes = buffer.bytes().subarray(waiting.from, waiting.to)
    if (!fatal && !closed && waiting.record.kind === 'outcome' && spool.keep(bytes, waiting)) return
    lost += 1
    waiting.reject(error)
  }

  const startSync = (): void => {
    syncing ??= syncAll().finally(() => {
      syncing = undefined
      if (unsynced.length > 0 && !fatal) startSync()
    })
  }

  const syncAll = async (): Promise<void> => {
    // One turn later, so that every record of this batch shares the sync.
    await Promise.resolve()
    for (let group = unsynced; group.length > 0; group = unsynced) {
      unsynced = []
      try {
        await log.sync()
      } catch (cause) {
        // The kernel may have dropped the dirty pages: reading them back would show what is not on the disk.
        fail(cause, true)
        for (const { reject } of group) reject(unavailable(cause))
        return
      }
      for (const { resolve } of group) resolve()
    }
  }

  const fail = (cause: unknown, broken: boolean): void => {
    const error = isFull(cause) ? full(cause) : unavailable(cause)
    const told = trouble?.code === error.code
    trouble = error
    if (broken) {
      fatal = unavailable(cause)
      for (const { reject } of [...spool.take(), ...unsynced.splice(0)]) reject(fatal)
      clearTimeout(retry)
      parts.onTrouble(fatal)
      return
    }
    if (!told) parts.onTrouble(error)
    // Outcomes wait for room even when nobody asks for anything.
    retry ??= setTimeout(() => {
      retry = undefined
      flush()
    }, parts.retryMs).unref()
  }

  const recovered = (): void => {
    trouble = undefined
    clearTimeout(retry)
    retry = undefined
  }

  const durable = (): Promise<DurableTree> =>
    new Promise((resolve, reject) => {
      if (fatal) throw fatal
      const tree = { size: range.size(), root: range.root() }
      unsynced.push({ resolve: () => resolve(tree), reject })
      startSync()
    })

  return {
    append,
    durable,
    close: async () => {
      closed = true
      flush()
      stopped = true
      clearTimeout(retry)
      for (const { reject } of spool.take()) reject(trouble ?? unavailable(undefined))
      if (!fatal) await durable()
    },
  }
}

function isFull(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT')
}

function full(cause: unknown): SallyportError {
  const message = 'The disk under the ledger is full: nothing is allowed until there is room again.'
  return new SallyportError('ledger.full', message, { cause })
}

function unavailable(cause: unknown): SallyportError {
  const message = 'The ledger cannot be written: nothing is allowed until it can.'
  return new SallyportError('ledger.unavailable', message, { cause })
}
