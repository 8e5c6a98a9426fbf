import type { ServerResponse } from 'node:http'

import { countedNetwork } from '../information/index.ts'

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
  const held = new Map<string, number>()
  let all = 0
  return {
    hold: (response, bytes) => {
      const { socket } = response
      if (bytes <= largeBytes || socket === null) return true
      const network = countedNetwork(socket.remoteAddress ?? '')
      const ofOne = (held.get(network) ?? 0) + bytes
      if (ofOne > bytesOfOne || all + bytes > mostBytes) return false
      held.set(network, ofOne)
      all += bytes
      // Counted anew with each part that is read; once all is, the server's own time between requests follows.
      socket.setTimeout(idleMs)
      response.once('close', () => {
        const left = (held.get(network) ?? 0) - bytes
        if (left > 0) held.set(network, left)
        else held.delete(network)
        all -= bytes
      })
      return true
    },
  }
}
