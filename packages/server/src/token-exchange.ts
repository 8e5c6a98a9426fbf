import type { Force } from './force.ts'
import { createLimiter, type OwnEndpoint } from './gateway/index.ts'
import type { KeptState } from './kept-state.ts'
import { audienceOf } from './app/index.ts'
import { nowMs } from './operation/index.ts'
import type { SharedSteps } from './shared-steps.ts'
import { askAws, exchange, type ExchangeRooms } from './sts/index.ts'
import type { Workloads } from './workloads.ts'

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
      proofs: proofs.exchangeVerifier,
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

/** How often AWS is asked on behalf of callers whom nobody knows yet. */
const awsLimit = { calls: 20, perMs: 1_000 }

/** A token, and a few words. */
const maxFormBytes = 65_536
