import { createHash } from 'node:crypto'

import { SallyportError } from '@sallyport/core/access'

/** A thousand uids, and the gids of the same numbers: who the parts of one app are when root started it. */
export interface UidBlock {
  /** The server itself, and what is in its state folder. */
  readonly server: number
  /** What reads an app's sources to bundle them. */
  readonly builder: number
  /** One for each function. */
  readonly functions: { readonly first: number; readonly count: number }
}

/** Above what Debian, systemd, /etc/subuid and containers give out, and below what is negative in 32 bits. */
const firstOfAll = 1_900_000_000
const perBlock = 1_000
const blocks = 200_000

/** The block that begins with this uid. */
export function blockAt(server: number): UidBlock {
  return { server, builder: server + 1, functions: { first: server + 2, count: perBlock - 2 } }
}

/** True for the uid of a server, as blocks are given out where nobody names one. */
export function isServerUid(uid: number): boolean {
  return uid >= firstOfAll && uid < firstOfAll + blocks * perBlock && uid % perBlock === 0
}

/** True when all of a block is among so many uids. */
export function isWithin({ server }: UidBlock, first: number, count: number): boolean {
  return server >= first && server + perBlock <= first + count
}

/** The lines of /proc/PID/uid_map (user_namespaces(7)): the server is root inside, all others are who they are. */
export function mappingOf({ server }: UidBlock): string {
  return `0 ${server} 1\n${server + 1} ${server + 1} ${perBlock - 1}`
}

/** Uids that somebody has, the first and the last of each range. */
export type Taken = readonly (readonly [first: number, last: number])[]

/** Who chooses the block of an app, the first that says something. */
export interface BlockWishes {
  /** `--uids`. */
  readonly asked?: number
  /** Whose the state folder is: a folder that was moved goes on as who it was. */
  readonly owner?: number
  readonly stateFolder: string
}

/**
 * The block of an app: two apps on one machine share none. Throws `server.uids_taken` when somebody else has uids of
 * the one that was named or used before.
 */
export function chooseBlock({ asked, owner, stateFolder }: BlockWishes, taken: Taken): UidBlock {
  const fixed = asked ?? (owner !== undefined && isServerUid(owner) ? owner : undefined)
  if (fixed !== undefined) {
    if (isFree(fixed, taken)) return blockAt(fixed)
    const where = '/etc/passwd, group, subuid or subgid has some of them'
    const message = `uids from ${fixed} to ${fixed + perBlock - 1} are in use on this machine: ${where}`
    throw new SallyportError('server.uids_taken', message)
  }
  const own = createHash('sha256').update(stateFolder).digest().readUInt32BE(0) % blocks
  for (let tried = 0; tried < blocks; tried += 1) {
    const first = firstOfAll + ((own + tried) % blocks) * perBlock
    if (isFree(first, taken)) return blockAt(first)
  }
  throw new SallyportError('server.uids_taken', 'every block of uids is in use on this machine')
}

function isFree(first: number, taken: Taken): boolean {
  return taken.every(([from, to]) => to < first || from > first + perBlock - 1)
}

/** What /etc/passwd and /etc/group (`name:x:ID:…`), or /etc/subuid and /etc/subgid (`name:FIRST:COUNT`) give out. */
export function takenIn(accounts: string, ranges: string): Taken {
  const fields = (text: string): readonly (readonly string[])[] => text.split('\n').map((line) => line.split(':'))
  const number = (text: string | undefined): number => (/^\d+$/.test(text ?? '') ? Number(text) : Number.NaN)
  return [
    ...fields(accounts).map(([, , id]) => [number(id), number(id)] as const),
    ...fields(ranges).map(([, first, count]) => [number(first), number(first) + number(count) - 1] as const),
  ].filter(([first, last]) => !Number.isNaN(first + last))
}
