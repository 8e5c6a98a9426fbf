import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { type LedgerRecord, SallyportError } from '@sallyport/core/access'
import { parseRecord, readEntries } from '@sallyport/core/ledger'

import { segmentName } from './segment-log.ts'
import { nodeSha256 } from './sha256.ts'

/** A record with its place in the tree. */
export interface LedgerEntry {
  readonly leafIndex: bigint
  readonly record: LedgerRecord
}

interface Place {
  segment: number
  offset: number
  leafIndex: bigint
}

/**
 * Every record from `from` on that is in the folder now, oldest first. Takes no lock: it may run beside the server,
 * and a record that is being written is left for the next time. Throws `ledger.damaged`.
 */
export async function* readLedger(folder: string, { from = 0n }: { from?: bigint } = {}): AsyncGenerator<LedgerEntry> {
  yield* readOn(folder, { segment: 0, offset: 0, leafIndex: 0n }, from)
}

/**
 * As `readLedger`, and then each new record as it is written, until the signal aborts. It may see a record whose
 * receipt was never given, because the disk filled up in the same write: for watching, not for deciding.
 */
export async function* followLedger(
  folder: string,
  { from = 0n, signal, pollMs = 100 }: { from?: bigint; signal: AbortSignal; pollMs?: number },
): AsyncGenerator<LedgerEntry> {
  const place: Place = { segment: 0, offset: 0, leafIndex: 0n }
  while (!signal.aborted) {
    for await (const entry of readOn(folder, place, from)) {
      if (signal.aborted) return
      yield entry
    }
    await sleep(pollMs, undefined, { signal }).catch(() => undefined) // an abort ends the loop above
  }
}

async function* readOn(folder: string, place: Place, from: bigint): AsyncGenerator<LedgerEntry> {
  for (;;) {
    // Asked before the file is read: once a next segment exists, nothing is added to this one.
    const hasNext = existsSync(join(folder, segmentName(place.segment + 1)))
    const bytes = await readFrom(join(folder, segmentName(place.segment)), place.offset)
    const { entries, validBytes } = readEntries(bytes, nodeSha256)
    for (const entry of entries) {
      const leafIndex = place.leafIndex++
      if (leafIndex >= from) yield { leafIndex, record: parseRecord(entry.bytes) }
    }
    place.offset += validBytes
    if (!hasNext) return
    if (validBytes < bytes.length) {
      const where = `${segmentName(place.segment)} at byte ${place.offset}`
      throw new SallyportError('ledger.damaged', `The ledger cannot be read on from ${where}, though more follows.`)
    }
    place.segment += 1
    place.offset = 0
  }
}

async function readFrom(path: string, offset: number): Promise<Uint8Array> {
  let file
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Uint8Array()
    throw error
  }
  try {
    const { size } = await file.stat()
    const buffer = Buffer.alloc(Math.max(0, size - offset))
    let read = 0
    while (read < buffer.length) {
      const { bytesRead } = await file.read(buffer, read, buffer.length - read, offset + read)
      if (bytesRead === 0) break // the writer cut off a failed batch meanwhile
      read += bytesRead
    }
    return buffer.subarray(0, read)
  } finally {
    await file.close()
  }
}
