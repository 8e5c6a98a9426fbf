import { createSecureContext, type SecureContext } from 'node:tls'

import type { EgressRooms } from './rooms.ts'

/** Well under the seven days that a leaf may live. */
const maxAgeMs = 24 * 60 * 60 * 1000

/** TLS contexts for the hosts of declared doors, minted at first use; undefined for every other name. */
export function createLeaves(rooms: EgressRooms): (name: string) => Promise<SecureContext | undefined> {
  const kept = new Map<string, { readonly context: Promise<SecureContext>; readonly madeAt: number }>()
  return async (name) => {
    const declared = rooms.app().doors.some(({ to }) => to.startsWith('https:') && new URL(to).hostname === name)
    if (!declared) return undefined
    const known = kept.get(name)
    if (known && rooms.clock() - known.madeAt < maxAgeMs) return known.context
    const context = mint(rooms, name)
    kept.set(name, { context, madeAt: rooms.clock() })
    // A failed minting is not kept, so that the next handshake tries again.
    context.catch(() => kept.delete(name))
    return context
  }
}

async function mint(rooms: EgressRooms, name: string): Promise<SecureContext> {
  const { key, cert } = await rooms.interception.leafFor([name])
  return createSecureContext({ key, cert, minVersion: 'TLSv1.2' })
}
