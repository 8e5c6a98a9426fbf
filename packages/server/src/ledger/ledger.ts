import {
  commandLine,
  type DecisionRecord,
  type Durability,
  type LedgerRecord,
  type Receipt,
  SallyportError,
  sealReceipt,
} from '@sallyport/core/access'
import {
  type Checkpoint,
  ed25519Verifier,
  formatCheckpoint,
  formatVerifierKey,
  isKeyName,
  type NoteSigner,
  type Sha256,
  signNote,
} from '@sallyport/core/ledger'

import { type Committer, createCommitter } from './commit.ts'
import { lockFolder } from './lock.ts'
import { recover, type Recovered, type Recovery } from './recover.ts'
import { openSegmentLog } from './segment-log.ts'
import { createDirectoryStore, type LedgerStore } from './store.ts'

/** The one writer of the record of everything. */
export interface Ledger {
  /** Writes a decision as durably as it asks for. The receipt is what lets the decision have an effect. */
  readonly record: (decision: DecisionRecord) => Promise<Receipt>
  /** Resolves with the leaf index. Rejects with `ledger.full`, `.unavailable`, `.record_too_large` or `.closed`. */
  readonly append: (record: LedgerRecord, durability: Durability) => Promise<bigint>
  /** Syncs, signs and stores the present state; also done on a timer and at close. */
  readonly checkpoint: () => Promise<Checkpoint>
  readonly recovery: Recovery
  /** C2SP vkey of the checkpoints, one line, to pin elsewhere; also in the file `verifier-key`. */
  readonly verifierKey: string
  readonly close: () => Promise<void>
}

/** Where a ledger lies and whose it is. */
export interface LedgerOptions {
  /** `.sallyport/ledger`: segments, `checkpoint`, `verifier-key`, `lock`. Made with mode 0700 if absent. */
  readonly folder: string
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly sha256: Sha256
  /** Signs checkpoints; its name is the origin's. */
  readonly signer: NoteSigner
  /** `sallyport.local/checkout`: which log this is. */
  readonly origin: string
  /** Memory for outcomes while the disk is full. 1 MiB unless told. */
  readonly spoolBytes?: number
  /** A segment is closed before it grows past this. 64 MiB unless told. */
  readonly segmentBytes?: number
  readonly checkpointEveryMs?: number
  /** How often waiting outcomes are tried again while the disk is full. */
  readonly retryMs?: number
  /** Told when the ledger gets worse: full, unavailable, a checkpoint that could not be stored. Must not throw. */
  readonly onTrouble?: (error: SallyportError) => void
  /** Shown every record that was there, oldest first, before `openLedger` resolves: for projections. */
  readonly replay?: (record: LedgerRecord, leafIndex: bigint) => void
  /** What lets go of the folder's lock, for whoever took it before; else it is taken here. `close` calls it. */
  readonly release?: () => void
  /** In place of `folder`; whoever gives one sees to it that nobody else writes there. */
  readonly store?: LedgerStore
}

const mebibyte = 1024 * 1024

/**
 * Opens or begins a ledger: takes the lock, reads everything, compares it with the last signed checkpoint, cuts off a
 * torn write, and writes `unknown` for every allowed decision without an outcome.
 * Throws `ledger.locked`, `ledger.damaged`, `ledger.forked`, `ledger.unavailable`.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const release = options.release ?? (options.store ? () => undefined : lockFolder(options.folder))
  try {
    return await openLocked(options, options.store ?? createDirectoryStore(options.folder), release)
  } catch (error) {
    release()
    if (error instanceof SallyportError) throw withWayOut(error, options)
    const message = `The ledger in ${options.folder} cannot be opened.`
    throw new SallyportError('ledger.unavailable', message, { cause: error })
  }
}

/** What is damaged can only be restored or left behind; a name that is not taken keeps it for whoever looks into it. */
function withWayOut(error: SallyportError, { folder, store, clock }: LedgerOptions): SallyportError {
  if (error.code !== 'ledger.damaged' || store !== undefined) return error
  const { code, message, cause } = error
  return new SallyportError(code, message, { cause, fix: commandLine('mv', folder, `${folder}.damaged-${clock()}`) })
}

async function openLocked(options: LedgerOptions, store: LedgerStore, release: () => void): Promise<Ledger> {
  const { origin, sha256, signer, clock, onTrouble = () => undefined, replay = () => undefined } = options
  if (!isKeyName(origin)) throw new SallyportError('ledger.unavailable', `"${origin}" cannot name a ledger.`)
  const verifier = await ed25519Verifier(signer.name, signer.publicKey)
  const state = await recover(store, { origin, sha256, verifier, replay })
  const verifierKey = formatVerifierKey(sha256, signer)

  const sign = async (size: bigint, root: Uint8Array): Promise<Checkpoint> => {
    const checkpoint = { origin, size, root }
    try {
      await store.replace('checkpoint', Buffer.from(await signNote(sha256, formatCheckpoint(checkpoint), signer)))
    } catch (cause) {
      throw new SallyportError('ledger.checkpoint_failed', 'A checkpoint could not be signed and stored.', { cause })
    }
    return checkpoint
  }
  // Before the first segment: from here on a segment without a checkpoint can only mean that one was taken away.
  if (!store.names().includes('checkpoint')) await sign(0n, state.range.root())
  await store.replace('verifier-key', Buffer.from(`${verifierKey}\n`))

  const log = openSegmentLog(store, {
    number: state.lastSegment,
    validBytes: state.validBytes,
    segmentBytes: options.segmentBytes ?? 64 * mebibyte,
  })
  const committer = createCommitter({
    log,
    range: state.range,
    sha256,
    clock,
    spoolBytes: options.spoolBytes ?? mebibyte,
    retryMs: options.retryMs ?? 1000,
    onTrouble,
  })

  // One checkpoint after the other, so that an older one never replaces a newer.
  let signing: Promise<Checkpoint | undefined> = Promise.resolve(undefined)
  const signNext = async (before: Promise<Checkpoint | undefined>): Promise<Checkpoint> => {
    const previous = await before.catch(() => undefined) // told to whoever asked for that one
    const { size, root } = await committer.durable()
    return previous?.size === size ? previous : sign(size, root)
  }
  const checkpoint = (): Promise<Checkpoint> => {
    const next = signNext(signing)
    signing = next
    return next
  }
  const tell = (error: unknown): void => {
    if (error instanceof SallyportError) onTrouble(error)
  }
  const timer = setInterval(() => void checkpoint().catch(tell), options.checkpointEveryMs ?? 5000).unref()

  const shut = async (): Promise<void> => {
    clearInterval(timer)
    try {
      await committer.close()
      await checkpoint()
    } finally {
      log.close()
      release()
    }
  }
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= shut())

  try {
    await writeDownRecovery(committer, state, clock)
  } catch (error) {
    clearInterval(timer)
    await committer.close().catch(tell)
    log.close()
    throw error
  }
  return {
    append: committer.append,
    record: (decision) =>
      committer
        .append(decision, decision.durability)
        .then((leafIndex) => sealReceipt({ decision: decision.id, leafIndex, durability: decision.durability })),
    checkpoint,
    recovery: { records: state.records, truncatedBytes: state.truncatedBytes, unsettled: state.unsettled },
    verifierKey,
    close,
  }
}

/** "Allowed" is never read as "happened": what the last process left open is now known to be unknown. */
async function writeDownRecovery(committer: Committer, state: Recovered, clock: () => number): Promise<void> {
  const { truncatedBytes, unsettled } = state
  if (truncatedBytes === 0 && unsettled.length === 0) return
  const at = clock()
  const detail = `cut ${truncatedBytes} bytes of a torn write; ${unsettled.length} decisions without an outcome`
  await Promise.all([
    ...unsettled.map((open) => committer.append({ kind: 'outcome', at, ...open, outcome: 'unknown' }, 'synced')),
    committer.append({ kind: 'lifecycle', at, event: 'recovered', detail }, 'synced'),
  ])
}
