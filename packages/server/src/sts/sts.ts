import type { Svid } from '../certificates/index.ts'
import { bundleOf, documentsOf, type PublishedDocument } from './documents.ts'
import { type AccessTokens, openAccessTokens } from './access-tokens.ts'
import { type HttpSignatures, openHttpSignatures } from './http-signatures.ts'
import { type JwtSvids, openJwtSvids } from './jwt-svids.ts'
import type { KeyStore } from './rotation.ts'
import type { ServicesOptions } from './services.ts'
import { openTickets, type Tickets } from './tickets.ts'
import { openWorkloadAuthority, type WorkloadAuthority } from './workload-authority.ts'

/** What vouches for functions: their SVIDs, their tickets, and the documents by which others verify them. */
export interface Sts {
  readonly signTicket: Tickets['sign']
  /** An X.509-SVID with its key, for an hour; `id` is the SPIFFE id. */
  readonly svidFor: (id: string) => Promise<Svid>
  /** A JWT-SVID for a minute. */
  readonly jwtSvid: JwtSvids['mint']
  /** Signs a request of a function that leaves the node. */
  readonly signRequest: HttpSignatures['sign']
  /** Bound tokens for the app's own gateway. */
  readonly accessTokens: AccessTokens
  /** By what the app's own SVIDs are verified, now. */
  readonly own: ServicesOptions['own']
  /** The document at a path of the gateway, if one is published there. */
  readonly document: (path: string) => PublishedDocument | undefined
  /** Ends the rotation of keys. */
  readonly close: () => void
}

/** What the STS of an app needs. */
export interface StsOptions {
  readonly app: string
  /** Of tokens for the app's gateway. */
  readonly audience: string
  readonly store: KeyStore
  readonly nowMs: () => number
  /** Told what is published now, as file name → JSON: at the start, and whenever a key changed. */
  readonly publish: (files: Readonly<Record<string, object>>) => void
  /** Told why a key could not be made; the present one goes on. */
  readonly onTrouble: (cause: unknown) => void
}

const lookEveryMs = 3_600_000

/** Opens the keys of an app, and lets them follow one another. */
export async function openSts({ app, audience, store, nowMs, publish, onTrouble }: StsOptions): Promise<Sts> {
  const tickets = await openTickets({ app, store, nowMs })
  const workloads = await openWorkloadAuthority({ trustDomain: app, store, nowMs })
  const jwtSvids = await openJwtSvids({ trustDomain: app, store, nowMs })
  const signatures = await openHttpSignatures({ store, nowMs })
  const accessTokens = await openAccessTokens({ app, audience, store, nowMs })
  const documents = documentsOf({ tickets, workloads, jwtSvids, signatures })
  const publishFiles = (): void =>
    publish({ ...filesOf(workloads, jwtSvids), 'token-keys.json': { keys: accessTokens.keys() } })
  publishFiles()
  const all = [tickets, workloads, jwtSvids, signatures, accessTokens]
  const look = setInterval(() => {
    void Promise.all(all.map((keys) => keys.advance()))
      .then(publishFiles)
      .catch(onTrouble)
  }, lookEveryMs).unref()
  return {
    signTicket: tickets.sign,
    svidFor: workloads.svidFor,
    jwtSvid: jwtSvids.mint,
    signRequest: signatures.sign,
    accessTokens,
    own: () => ({ roots: workloads.roots(), jwtKeys: jwtSvids.keys('jwt-svid') }),
    document: (path) => documents.get(path)?.(),
    close: () => clearInterval(look),
  }
}

/** For upstreams that are handed a file rather than asked for an address. */
function filesOf(workloads: WorkloadAuthority, jwtSvids: JwtSvids): Readonly<Record<string, object>> {
  return { 'function-keys.json': { keys: jwtSvids.keys('sig') }, 'spiffe-bundle.json': bundleOf(workloads, jwtSvids) }
}
