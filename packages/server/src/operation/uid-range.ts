import { createHash } from 'node:crypto'

const firstUid = 210_000
const uidsPerApp = 1_000
const ranges = 1_000

/**
 * The uids that the boxes of one app run under when the server is root: a thousand of its own, so that two apps on one
 * machine do not share any (but for one chance in a thousand, which the box's own namespaces bear).
 */
export function uidRangeOf(stateFolder: string): { readonly first: number; readonly count: number } {
  const digest = createHash('sha256').update(stateFolder).digest()
  return { first: firstUid + (digest.readUInt32BE(0) % ranges) * uidsPerApp, count: uidsPerApp }
}
