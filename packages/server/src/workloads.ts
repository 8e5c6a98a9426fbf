import type { App } from '@sallyport/manifest'

import type { Force } from './force.ts'
import { type FunctionIdentity, functionIdentity } from './function-identity.ts'
import { createLimiter, type OwnEndpoint } from './gateway/index.ts'
import type { KeptState } from './kept-state.ts'
import { audienceOf, type Folders, nowMs, writeDocuments } from './operation/index.ts'
import type { SharedSteps } from './shared-steps.ts'
import { askAws, exchange, type ExchangeRooms, openSts, type Sts } from './sts/index.ts'

/** What vouches for an app's functions, and for who exchanges one proof for another. */
export interface Workloads extends Pick<Sts, 'signTicket' | 'accessTokens' | 'own'> {
  readonly identity: FunctionIdentity
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
  return { ...sts, identity: functionIdentity(app.name, sts) }
}

/** How often AWS is asked on behalf of callers whom nobody knows yet. */
const awsLimit = { calls: 20, perMs: 1_000 }

/** A token, and a few words. */
const maxFormBytes = 65_536

/** The exchange of an app at its gateway, under the manifest that is in force when a request comes. */
export function exchangeOf(
  force: () => Force,
  { accessTokens: tokens }: Workloads,
  { proofs, store }: Pick<KeptState, 'proofs' | 'store'>,
  shared: SharedSteps & Pick<ExchangeRooms, 'record'>,
): (method: string, path: string) => OwnEndpoint | undefined {
  const limiter = createLimiter(nowMs)
  const answer: OwnEndpoint['answer'] = (request) => {
    const { app, verifier, services, countryOf } = force()
    return exchange(request, {
      ...shared,
      gather: shared.askGuests,
      proofs: proofs.verifier,
      dpopNonce: proofs.nextNonce,
      app: app.name,
      audience: audienceOf(app),
      verifier,
      services,
      countryOf,
      tokens,
      store,
      awsEndpoints: new Map(
        (app.services ?? []).flatMap(({ aws }) => (aws === undefined ? [] : [[aws.host, aws.endpoint] as const])),
      ),
      askAws,
      mayAskAws: () => limiter('aws', awsLimit) === 0,
    })
  }
  const endpoint = { maxBodyBytes: maxFormBytes, answer }
  return (method, path) => (method === 'POST' && path === '/.well-known/sallyport/token' ? endpoint : undefined)
}
