import { type FunctionIdentity, functionIdentity } from './function-identity.ts'
import type { KeptState } from './kept-state.ts'
import { type Folders, nowMs, writeDocuments } from './operation/index.ts'
import { openSts, type Sts } from './sts/index.ts'

/** What vouches for an app's functions. */
export interface Workloads extends Pick<Sts, 'signTicket'> {
  readonly identity: FunctionIdentity
  /** What the gateway publishes at a path. */
  readonly document: Sts['document']
}

/** Opens the keys that vouch for an app's functions; their public halves are published, and written into files. */
export async function openWorkloads(
  app: string,
  { store }: Pick<KeptState, 'store'>,
  folders: Folders,
  onTrouble: (cause: unknown) => void,
  started: (() => void)[],
): Promise<Workloads> {
  const publish = (files: Readonly<Record<string, object>>): void => writeDocuments(folders.certificates, files)
  const sts = await openSts({ app, store, nowMs, publish, onTrouble })
  started.push(() => sts.close())
  return { signTicket: sts.signTicket, document: sts.document, identity: functionIdentity(app, sts) }
}
