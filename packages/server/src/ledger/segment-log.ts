import type { LedgerFile, LedgerStore } from './store.ts'

/** `00000000.seg`, `00000001.seg`, …: numbered, so that a missing one is seen. */
export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.seg`
}

/** What a write did. After `broken` the end of the file is unknown and nothing may be appended any more. */
export type Written = { readonly ok: true } | { readonly ok: false; readonly broken: boolean; readonly cause: unknown }

/** Appends to the newest segment and starts another when it is full. */
export interface SegmentLog {
  /** All of the bytes or none; never throws. */
  readonly write: (bytes: Uint8Array) => Written
  /** Resolves when everything written before the call survives loss of power. */
  readonly sync: () => Promise<void>
  readonly close: () => void
}

/** Opens segment `number` at `validBytes`; anything after that is cut off. Throws what the store throws. */
export function openSegmentLog(
  store: LedgerStore,
  { number, validBytes, segmentBytes }: { number: number; validBytes: number; segmentBytes: number },
): SegmentLog {
  let file = store.open(segmentName(number))
  let length = validBytes
  let newNames = true
  if (file.openedBytes > validBytes) file.truncate(validBytes)
  const full: LedgerFile[] = []

  const roll = (): void => {
    const next = store.open(segmentName(number + 1))
    number += 1
    full.push(file)
    file = next
    length = 0
    newNames = true
  }

  return {
    write: (bytes) => {
      try {
        if (length > 0 && length + bytes.length > segmentBytes) roll()
        for (let offset = 0; offset < bytes.length;) {
          const accepted = file.write(bytes.subarray(offset), length + offset)
          if (accepted === 0) throw new Error('the file accepts no more bytes')
          offset += accepted
        }
      } catch (cause) {
        return { ok: false, cause, broken: !cutBack(file, length) }
      }
      length += bytes.length
      return { ok: true }
    },
    sync: async () => {
      const done = full.splice(0)
      const last = file
      const named = newNames
      newNames = false
      // Oldest first: a later segment must never be durable while an earlier one is not.
      for (const old of done) {
        await old.sync()
        old.close()
      }
      await last.sync()
      if (named) await store.syncFolder()
    },
    close: () => {
      for (const old of full) old.close()
      file.close()
    },
  }
}

/** Part of a batch may be in the file, and later records must not stand behind half a record. False when it failed. */
function cutBack(file: LedgerFile, length: number): boolean {
  try {
    file.truncate(length)
    return true
  } catch {
    return false // the caller stops the ledger and reports the write's own cause
  }
}
