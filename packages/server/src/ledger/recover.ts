import { type LedgerRecord, SallyportError } from '@sallyport/core/access'
import {
  type Checkpoint,
  createCompactRange,
  type CompactRange,
  equalHashes,
  findEntry,
  type NoteVerifier,
  openNote,
  parseCheckpoint,
  parseRecord,
  readEntries,
  type Sha256,
} from '@sallyport/core/ledger'

import { segmentName } from './segment-log.ts'
import type { LedgerStore } from './store.ts'

/** A decision that was allowed and whose outcome nobody wrote down. */
export interface Unsettled {
  readonly decision: string
  readonly transaction: string
  readonly sessionId?: string
}

/** What was found on opening. */
export interface Recovery {
  /** Records that were there. */
  readonly records: bigint
  /** Bytes of a write that the end of the last process tore; none of them had a receipt. */
  readonly truncatedBytes: number
  readonly unsettled: readonly Unsettled[]
}

/** The ledger as it stands on disk, checked against its own last signed statement. */
export interface Recovered extends Recovery {
  readonly range: CompactRange
  readonly lastSegment: number
  readonly validBytes: number
}

/** Whose ledger it should be, and who wants to see it. */
export interface Identity {
  readonly origin: string
  readonly sha256: Sha256
  readonly verifier: NoteVerifier
  /** Shown every record, oldest first, so that nobody has to read the ledger a second time. */
  readonly replay: (record: LedgerRecord, leafIndex: bigint) => void
}

/** Reads everything; changes nothing. Throws `ledger.damaged` or `ledger.forked` rather than go on from there. */
export async function recover(store: LedgerStore, identity: Identity): Promise<Recovered> {
  const { sha256, replay } = identity
  const segments = segmentsOf(store)
  const checkpoint = await readCheckpoint(store, segments.length > 0, identity)
  const range = createCompactRange(sha256)
  const open = new Map<string, Unsettled>()
  let validBytes = 0
  let truncatedBytes = 0
  const compare = (): void => {
    if (range.size() === checkpoint.size && !equalHashes(range.root(), checkpoint.root)) {
      throw forked(`its first ${checkpoint.size} records are not those that were signed`)
    }
  }

  compare()
  for (const [number, name] of segments.entries()) {
    const bytes = store.read(name)
    if (!bytes) throw damaged(`${name} is missing`)
    const read = readEntries(bytes, sha256)
    for (const entry of read.entries) {
      const record = parseOrBlame(entry.bytes, `entry ${range.size()} in ${name}`)
      note(open, record)
      replay(record, range.size())
      range.append(entry.leafHash)
      compare()
    }
    validBytes = read.validBytes
    truncatedBytes = bytes.length - read.validBytes
    if (truncatedBytes === 0) continue
    // A torn write is the last thing in the last file. Intact records behind it mean that something else happened.
    const isLast = number === segments.length - 1
    if (!isLast || findEntry(bytes, read.validBytes + 1, sha256) !== undefined) {
      throw damaged(`${name} has unreadable bytes at ${read.validBytes} with intact records after them`)
    }
  }
  if (range.size() < checkpoint.size) {
    throw forked(`it holds ${range.size()} records, and a checkpoint was signed over ${checkpoint.size}`)
  }
  const lastSegment = Math.max(0, segments.length - 1)
  return { range, records: range.size(), truncatedBytes, unsettled: [...open.values()], lastSegment, validBytes }
}

function segmentsOf(store: LedgerStore): readonly string[] {
  const names = store
    .names()
    .filter((name) => name.endsWith('.seg'))
    .toSorted()
  const missing = names.findIndex((name, number) => name !== segmentName(number))
  if (missing >= 0) throw damaged(`${segmentName(missing)} is missing`)
  return names
}

async function readCheckpoint(
  store: LedgerStore,
  hasRecords: boolean,
  { origin, sha256, verifier }: Identity,
): Promise<Checkpoint> {
  const bytes = store.read('checkpoint')
  if (!bytes) {
    if (hasRecords) throw forked('its signed checkpoint is missing')
    return { origin, size: 0n, root: createCompactRange(sha256).root() }
  }
  const opened = await openNote(sha256, bytes, [verifier])
  if ('refusal' in opened && opened.refusal === 'unsigned')
    throw forked('its checkpoint is of another key', restoreKeys)
  if ('refusal' in opened) throw forked(`its checkpoint does not verify under this server's key (${opened.refusal})`)
  const checkpoint = parseCheckpoint(opened.text)
  if (!checkpoint) throw forked('its checkpoint cannot be read')
  if (checkpoint.origin !== origin) throw forked(`its checkpoint belongs to "${checkpoint.origin}"`)
  return checkpoint
}

function note(open: Map<string, Unsettled>, record: LedgerRecord): void {
  if (record.kind === 'decision' && record.effect === 'allow') {
    const { id: decision, transaction, sessionId } = record
    open.set(decision, { decision, transaction, ...(sessionId === undefined ? {} : { sessionId }) })
  }
  if (record.kind === 'outcome') open.delete(record.decision)
}

function parseOrBlame(bytes: Uint8Array, where: string): LedgerRecord {
  try {
    return parseRecord(bytes)
  } catch (cause) {
    throw damaged(`${where} is not a record`, cause)
  }
}

const restore =
  'Restore the ledger folder from a backup; or move it away to begin a new ledger, ' +
  'which knows of no revocation, quarantine or elevation of before.'

/** Whoever lost the key and moved the ledger away would have lost both. */
const restoreKeys =
  "This server's keys and secrets are not those it was begun with: restore the whole state folder from one backup."

function damaged(what: string, cause?: unknown): SallyportError {
  return new SallyportError('ledger.damaged', `The ledger is damaged: ${what}. ${restore}`, { cause })
}

function forked(what: string, mend = restore): SallyportError {
  return new SallyportError('ledger.forked', `The ledger is not the one that was signed: ${what}. ${mend}`)
}
