import { closeSync, createWriteStream, openSync, readSync, renameSync, statSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'

import type { OutputLine } from '../host/index.ts'

/** What functions wrote: the last lines at hand, all of them in a file, and whoever follows. */
export interface OutputLog {
  write(line: OutputLine): void
  recent(): readonly OutputLine[]
  follow(listener: (line: OutputLine) => void): () => void
  close(): Promise<void>
}

/** What functions print may be anything: for the server's own user alone. */
const mode = 0o600
const maxRecentLines = 2_000
const maxPendingBytes = 4 * 1024 * 1024

/** So much of what an earlier server wrote is read at the start. */
const maxEarlierBytes = 1024 * 1024

/** Of these there are two: the one that is written, and the one before it. */
const maxFileBytes = 64 * 1024 * 1024

/**
 * Opens the output log; the last lines of an earlier server, whose end somebody may be looking for, are at hand. A disk
 * that does not keep up costs lines, which are counted, and never the server. Adversary: a function that writes without
 * end, until the disk has no room for the ledger.
 */
export function openOutputLog(folder: string, mostBytes: number = maxFileBytes): OutputLog {
  const path = join(folder, 'output.ndjson')
  const recent = recentLines(maxRecentLines)
  const listeners = new Set<(line: OutputLine) => void>()
  let lost = 0
  let bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  const before = lastText(path, bytes)
  for (const line of linesIn(before)) recent.add(line)
  let file = open()
  if (before !== '' && !before.endsWith('\n')) file.write('\n') // an end that was killed while it wrote
  let earlier: Promise<unknown> = Promise.resolve()

  function open(): WriteStream {
    // At once: what the stream opened later than the next file's beginning would be that file.
    const fd = attempt(() => openSync(path, 'a', mode))
    const opened = createWriteStream(path, { flags: 'a', mode, ...(fd === undefined ? {} : { fd }) })
    // Without a listener a full disk would end the process; output is the one thing that may be lost, and is counted.
    opened.on('error', () => void (lost += 1))
    return opened
  }
  function begin(): void {
    bytes = 0
    try {
      renameSync(path, join(folder, 'output.1.ndjson'))
    } catch {
      return // it is written on, and tried again after as many bytes
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    file.end(() => resolve())
    earlier = Promise.all([earlier, promise])
    file = open()
  }

  return {
    write: (line) => {
      recent.add(line)
      for (const listener of listeners) listener(line)
      if (file.writableLength > maxPendingBytes || file.errored) return void (lost += 1)
      if (bytes >= mostBytes) begin()
      const told = { at: line.at, stream: 'platform', text: `${lost} lines lost` }
      const gap = lost === 0 ? '' : `${JSON.stringify(told)}\n`
      lost = 0
      const text = `${gap}${JSON.stringify(line)}\n`
      bytes += Buffer.byteLength(text)
      file.write(text)
    },
    recent: recent.all,
    follow: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: async () => {
      await new Promise<void>((resolve) => file.end(() => resolve()))
      await earlier
    },
  }
}

/** What fails at once fails at the stream as well, which says so there. */
function attempt(open: () => number): number | undefined {
  try {
    return open()
  } catch {
    return undefined
  }
}

/** The end of the file, from the beginning of a line on. */
function lastText(path: string, size: number): string {
  if (size === 0) return ''
  const from = Math.max(0, size - maxEarlierBytes)
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(size - from)
    const text = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from)).toString('utf8')
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1)
  } finally {
    closeSync(file)
  }
}

/** What is whole of these lines: the last one may have been cut off. */
function linesIn(text: string): readonly OutputLine[] {
  return text.split('\n').flatMap((one) => {
    try {
      const line: unknown = JSON.parse(one)
      return isOutputLine(line) ? [line] : []
    } catch {
      return []
    }
  })
}

/** Parse boundary: the file is ours, and a disk may have damaged it. */
function isOutputLine(value: unknown): value is OutputLine {
  if (typeof value !== 'object' || value === null) return false
  const line = value as Partial<Record<keyof OutputLine, unknown>>
  return typeof line.at === 'number' && typeof line.functionName === 'string' && typeof line.text === 'string'
}

/**
 * The last lines of all functions, in their order. Adversary: a function that writes until nobody finds what another
 * one wrote. So what makes room is the oldest line of the function that has the most.
 */
function recentLines(most: number): { add(line: OutputLine): void; all(): readonly OutputLine[] } {
  type Numbered = readonly [number: number, line: OutputLine]
  const byFunction = new Map<string, Numbered[]>()
  let written = 0
  let kept = 0
  return {
    add: (line) => {
      const own = byFunction.get(line.functionName) ?? []
      byFunction.set(line.functionName, own)
      own.push([written++, line])
      if (++kept <= most) return
      kept--
      // Who has more than an equal share makes room itself; nobody else needs to be looked at then.
      if (own.length * byFunction.size > most) return void own.shift()
      const [name, longest] = [...byFunction].reduce((one, other) => (other[1].length > one[1].length ? other : one))
      longest.shift()
      if (longest.length === 0) byFunction.delete(name)
    },
    all: () =>
      [...byFunction.values()]
        .flat()
        .toSorted(([one], [other]) => one - other)
        .map(([, line]) => line),
  }
}
