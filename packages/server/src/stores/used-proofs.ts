import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'

import { SallyportError } from '@sallyport/core/access'
import { createSeenOnce, type SeenOnce } from '@sallyport/core/identity'

/** A memory of used proofs that outlives the process. */
export interface UsedProofs extends SeenOnce {
  close(): void
}

/** `EXPIRES ID`: whole seconds since the epoch, and base64url. What a crash cut off in the middle is no line. */
const lineForm = /^(\d{1,12}) ([A-Za-z0-9_-]{1,64})$/

/**
 * Opens the memory of used proofs, or makes it: a file to which each is appended before it is accepted, so that kill
 * -9 loses none. (Loss of power may lose the last moments; starting again takes longer than a proof lives.) Only
 * digests are in it. When it cannot be written the answer is `full`, and the proof is refused. Throws
 * `store.unavailable` when it cannot be opened.
 */
export function openUsedProofs(options: {
  readonly file: string
  readonly capacity: number
  readonly nowSeconds: () => number
  /** Told when a proof could not be written down. */
  readonly onTrouble: (cause: unknown) => void
}): UsedProofs {
  const { file, capacity, nowSeconds, onTrouble } = options
  const memory = createSeenOnce(capacity)
  let live = liveAmong(orUnavailable(file, () => readLines(file)))
  for (const [until, id] of live) memory.use(id, until, nowSeconds())
  let descriptor = orUnavailable(file, writeAnew)

  function liveAmong(entries: Entry[]): Entry[] {
    return entries.filter(([until]) => nowSeconds() < until)
  }

  function writeAnew(): number {
    const fresh = openSync(`${file}.new`, 'w', 0o600)
    writeSync(fresh, live.map(lineOf).join(''))
    renameSync(`${file}.new`, file)
    return fresh
  }

  return {
    use: (id, expiresAtSeconds, now) => {
      const use = memory.use(id, expiresAtSeconds, now)
      if (use !== 'first') return use
      try {
        const entry: Entry = [Math.ceil(expiresAtSeconds), id]
        writeSync(descriptor, lineOf(entry))
        live.push(entry)
        if (live.length > 2 * capacity) {
          live = liveAmong(live) // the file is written anew when as many have died as may live
          const previous = descriptor
          descriptor = writeAnew()
          closeSync(previous)
        }
        return 'first'
      } catch (cause) {
        onTrouble(cause)
        return 'full'
      }
    },
    close: () => closeSync(descriptor),
  }
}

type Entry = readonly [until: number, id: string]

/** The line's end comes first: what a full disk cut off in the middle then spoils no line after it. */
function lineOf([until, id]: Entry): string {
  return `\n${until} ${id}`
}

function orUnavailable<T>(file: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    throw new SallyportError('store.unavailable', `${file} cannot be read or written: is the disk full?`, { cause })
  }
}

/** The file is our own, 0600; a line that is cut short is passed over, for its proof was never accepted. */
function readLines(file: string): Entry[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, until, id] = lineForm.exec(line) ?? []
      return until === undefined || id === undefined ? [] : [[Number(until), id] as const]
    })
}
