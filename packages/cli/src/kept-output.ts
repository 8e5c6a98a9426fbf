import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/core/access'

import { isRecord } from './local-api.ts'
import { stateFolder } from './terminal.ts'
import { systemWords } from './system-error.ts'

/** As much as a server that starts again takes up of what was written before it. */
const mostBytes = 1024 * 1024

/**
 * The last lines that functions wrote while a server ran for this app, as JSON; undefined where none was kept.
 * Adversary: who wrote the app, and had a state folder come along. A link there is not followed, nor a pipe waited for.
 */
export function keptOutput(folder: string): readonly string[] | undefined {
  const path = join(stateFolder(folder), 'logs/output.ndjson')
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    const why = systemWords(cause) ?? String(cause)
    throw new SallyportError('cli.foreign_state', `cannot read ${path}: ${why}`, { cause })
  }
  try {
    const found = fstatSync(file)
    if (!found.isFile()) throw new SallyportError('cli.foreign_state', `${path} is no file`)
    const from = Math.max(0, found.size - mostBytes)
    const bytes = Buffer.alloc(found.size - from)
    const lines = bytes
      .subarray(0, readSync(file, bytes, 0, bytes.length, from))
      .toString('utf8')
      .split('\n')
    // The first may have begun before what was read, and the last may have been cut off by an end.
    return (from === 0 ? lines : lines.slice(1)).filter(isLine)
  } finally {
    closeSync(file)
  }
}

function isLine(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) && typeof value['functionName'] === 'string' && Number.isFinite(value['at'])
  } catch {
    return false
  }
}
