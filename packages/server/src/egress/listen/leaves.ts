import { createSecureContext, type SecureContext } from 'node:tls'

import { awsNames } from '../aws/aws-names.ts'
import { isHostName } from '../dns/dns.ts'
import type { EgressRooms } from '../rooms.ts'

/** More than a manifest has doors. */
const maxContexts = 256

/**
 * TLS contexts for the hosts of declared doors; undefined for every other name, unless `learn`
 * records. The authority keeps the leaves and
 * renews them; a context is made anew when the leaf is another, as after a renewal of the authority itself.
 */
export function createLeaves(rooms: EgressRooms): (name: string) => Promise<SecureContext | undefined> {
  const kept = new Map<string, { readonly cert: string; readonly context: SecureContext }>()
  return async (name) => {
    const app = rooms.app()
    const declared = app.doors.some(
      ({ kind, to }) =>
        (kind === 'postgres' || to.startsWith('https:')) && kind !== 'opaque' && new URL(to).hostname === name,
    )
    const learned = rooms.learn !== undefined && isHostName(name)
    if (!declared && !awsNames(app).has(name) && !learned) return undefined
    const { key, cert } = await rooms.interception.leafFor([name])
    const known = kept.get(name)
    if (known?.cert === cert) return known.context
    const context = createSecureContext({ key, cert, minVersion: 'TLSv1.2' })
    kept.set(name, { cert, context })
    const oldest = kept.keys().next().value
    if (kept.size > maxContexts && oldest !== undefined) kept.delete(oldest)
    return context
  }
}
