import type { App } from '@sallyport/manifest'

import { type FunctionIdentity, functionIdentity } from './function-identity.ts'
import type { NodeIdentity } from './gateway/index.ts'
import type { KeptState } from './kept-state.ts'
import { audienceOf } from './app/index.ts'
import { type Folders, nowMs, writeDocuments } from './operation/index.ts'
import { openSts, type Sts } from './sts/index.ts'

/** What vouches for an app's functions, and for who exchanges one proof for another. */
export interface Workloads extends Pick<Sts, 'signTicket' | 'accessTokens' | 'own'> {
  readonly identity: FunctionIdentity
  /** The server's own identity, for other servers. */
  readonly node: NodeIdentity
  /** What the gateway publishes at a path. */
  readonly document: Sts['document']
}

/** Opens the keys that vouch for an app's functions; their public halves are published, and written into files. */
export async function openWorkloads(
  app: App,
  { store }: Pick<KeptState, 'store'>,
  folders: Folders,
  onTrouble: (cause: unknown) => void,
  started: (() => void)[],
): Promise<Workloads> {
  const publish = (files: Readonly<Record<string, object>>): void => writeDocuments(folders.certificates, files)
  const sts = await openSts({ app: app.name, audience: audienceOf(app), store, nowMs, publish, onTrouble })
  started.push(() => sts.close())
  const node: NodeIdentity = {
    name: `${app.name}.sallyport.internal`,
    svid: () => sts.svidFor(`spiffe://${app.name}/gateway`),
    onTrouble,
  }
  return { ...sts, identity: functionIdentity(app.name, sts), node }
}
