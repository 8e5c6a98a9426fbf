import { createWriteStream } from 'node:fs'
import { join } from 'node:path'

import type { OutputLine } from '../host/index.ts'

/** What functions wrote: the last lines at hand, all of them in a file, and whoever follows. */
export interface OutputLog {
  write(line: OutputLine): void
  recent(): readonly OutputLine[]
  follow(listener: (line: OutputLine) => void): () => void
  close(): Promise<void>
}

const maxRecentLines = 2_000
const maxPendingBytes = 4 * 1024 * 1024

/** Opens the output log. A disk that does not keep up costs lines, which are counted, and never the server. */
export function openOutputLog(folder: string): OutputLog {
  const file = createWriteStream(join(folder, 'output.ndjson'), { flags: 'a', mode: 0o600 })
  const recent: OutputLine[] = []
  const listeners = new Set<(line: OutputLine) => void>()
  let lost = 0
  // Without a listener a full disk would end the process; output is the one thing that may be lost, and is counted.
  file.on('error', () => void (lost += 1))
  return {
    write: (line) => {
      recent.push(line)
      if (recent.length > maxRecentLines) recent.shift()
      for (const listener of listeners) listener(line)
      if (file.writableLength > maxPendingBytes || file.errored) return void (lost += 1)
      const told = { at: line.at, stream: 'platform', text: `${lost} lines lost` }
      const gap = lost === 0 ? '' : `${JSON.stringify(told)}\n`
      lost = 0
      file.write(`${gap}${JSON.stringify(line)}\n`)
    },
    recent: () => recent,
    follow: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close: () => new Promise((resolve) => file.end(() => resolve())),
  }
}
