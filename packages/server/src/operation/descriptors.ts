import { closeSync, openSync, readFileSync } from 'node:fs'

import { commandLine, SallyportError } from '@sallyport/core/access'

/** The descriptors of this process, of which the last ones are kept for what must not fail: receipts and secrets. */
export interface Descriptors {
  /** Whether one more may be opened for this: boxes are refused first, clients of the gateway next. */
  readonly mayOpen: (whose: 'box' | 'client') => boolean
}

/** Enough for a segment, a folder and a database beside each other, many times over. */
const mostKept = 64
const tellEveryMs = 10_000

/**
 * Reads how many descriptors this process may have; what is asked for later is measured against that. `onShort` is told
 * when something was refused, at most every ten seconds; it must not throw. Throws `server.no_limits` without /proc.
 */
export function keepDescriptors(onShort: (trouble: SallyportError) => void, nowMs: () => number): Descriptors {
  const limit = softLimit()
  const kept = Math.min(mostKept, Math.floor(limit / 8))
  let toldAt = -tellEveryMs
  return {
    mayOpen: (whose) => {
      // The kernel gives the lowest free number, so all below it are taken.
      const lowest = lowestFree()
      if (lowest !== undefined && lowest < limit - kept * (whose === 'box' ? 2 : 1)) return true
      if (nowMs() - toldAt >= tellEveryMs) {
        toldAt = nowMs()
        const fix = commandLine('ulimit', '-n', '65536')
        const message = `of ${limit} file descriptors ${lowest ?? 'all'} are open; connections are refused`
        onShort(new SallyportError('exit.no_descriptors', message, { fix }))
      }
      return false
    },
  }
}

/** Undefined where there is none. Two system calls of a few microseconds; asked for connections, not for requests. */
function lowestFree(): number | undefined {
  try {
    const descriptor = openSync('/dev/null', 'r')
    closeSync(descriptor)
    return descriptor
  } catch {
    return undefined // EMFILE, ENFILE: there is none to be had
  }
}

function softLimit(): number {
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  if (soft === undefined) {
    throw new SallyportError('server.no_limits', '/proc/self/limits does not say how many files may be open')
  }
  return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft)
}
