import type { ServerResponse } from 'node:http'

import { createShares } from './rate-limit.ts'

/** How much of answers may wait for those who asked, and how long for the next bytes to be read. */
export interface UnreadLimits {
  readonly bytesOfOne: number
  readonly bytes: number
  readonly idleMs: number
}

/** Holds large answers while they are read. */
export interface Unread {
  /** False where too much waits already. Otherwise it is counted until the response is closed, which it soon is. */
  hold(response: ServerResponse, bytes: number): boolean
}

/** A smaller one fits into what the system holds for a connection. */
const largeBytes = 64 * 1024

/**
 * Adversary: who asks for large answers on many connections and reads none of them: sixty answers of six megabytes took
 * 600 MB for as long as they liked.
 */
export function createUnread({ bytesOfOne, bytes: mostBytes, idleMs }: UnreadLimits): Unread {
  const shares = createShares(bytesOfOne, mostBytes)
  return {
    hold: (response, bytes) => {
      const { socket } = response
      if (bytes <= largeBytes || socket === null) return true
      const { remoteAddress = '' } = socket
      if (!shares.take(remoteAddress, bytes)) return false
      // Counted anew with each part that is read; once all is, the server's own time between requests follows.
      socket.setTimeout(idleMs)
      response.once('close', () => shares.leave(remoteAddress, bytes))
      return true
    },
  }
}
