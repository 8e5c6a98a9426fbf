import { connect, type Socket } from 'node:net'

import { SallyportError } from '@sallyport/core/access'
import type { Door } from '@sallyport/manifest'

import { forbiddenLiteral, pinnedLookup } from './pinned.ts'
import type { Ending } from '../ending.ts'

const connectTimeoutMs = 10_000

/** The host of an address such as `postgres://db.internal:5432`, without the brackets of IPv6. */
export function hostOf({ upstream }: Pick<Door, 'upstream'>): string {
  return new URL(upstream).hostname.replace(/^\[|\]$/g, '').toLowerCase()
}

/** Its port, where none is written that of HTTPS. */
export function portOf({ upstream }: Pick<Door, 'upstream'>): number {
  return Number(new URL(upstream).port || '443')
}

/** Why nothing is dialled: the last descriptors are kept for ledger and vault. */
export function noDescriptors(): SallyportError {
  return new SallyportError('exit.no_descriptors', 'no file descriptor is left for a connection to the upstream')
}

/** Resolved once, checked, and the checked address dialled. Rejects with `upstream.…` or `exit.no_descriptors`. */
export function dial(door: Door, signal: Ending, mayOpen: () => boolean): Promise<Socket> {
  const host = hostOf(door)
  const bad = forbiddenLiteral(host, door.privateUpstream)
  if (bad !== undefined) return Promise.reject(bad)
  if (!mayOpen()) return Promise.reject(noDescriptors())
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: portOf(door),
      lookup: pinnedLookup(door.privateUpstream),
    })
    const fail = (error: unknown): void => {
      clearTimeout(timer)
      socket.destroy()
      const unreachable = new SallyportError('upstream.unreachable', 'the upstream cannot be reached', { cause: error })
      reject(error instanceof SallyportError ? error : unreachable)
    }
    const timer = setTimeout(
      () => fail(new SallyportError('upstream.timeout', 'the upstream did not answer in time')),
      connectTimeoutMs,
    )
    const abort = (): void => fail(new SallyportError('upstream.aborted', 'the call was aborted'))
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort) // whoever has the socket ends it from here on
      socket.off('error', fail)
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
  })
}
