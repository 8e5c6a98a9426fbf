import { awsNames } from '../aws/aws-names.ts'
import { isHostName } from '../dns/dns.ts'
import type { EgressRooms, Leaf } from '../rooms.ts'

/** Which doors there are, whether `learn` records, and the authority. */
export type LeafRooms = Pick<EgressRooms, 'app' | 'learn' | 'interception'>

/**
 * The certificates that the parsers of boxes may have: those for the hosts of declared doors; undefined for every other
 * name, unless `learn` records. The authority keeps them and renews them, and never leaves this process.
 */
export function createLeaves(rooms: LeafRooms): (name: string) => Promise<Leaf | undefined> {
  return async (name) => {
    const app = rooms.app()
    const declared = app.doors.some(
      ({ kind, to }) =>
        (kind === 'postgres' || to.startsWith('https:')) && kind !== 'opaque' && new URL(to).hostname === name,
    )
    const learned = rooms.learn !== undefined && isHostName(name)
    return declared || awsNames(app).has(name) || learned ? rooms.interception.leafFor([name]) : undefined
  }
}
