import type { HttpSignatures } from './http-signatures.ts'
import type { JwtSvids } from './jwt-svids.ts'
import type { Tickets } from './tickets.ts'
import type { WorkloadAuthority } from './workload-authority.ts'

/** What is published for anybody, as an answer of the gateway: no secret is in it, and caches may keep it. */
export interface PublishedDocument {
  readonly status: 200
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** How long caches may keep what is published: much shorter than a new key is published before it signs. */
const maxAgeSeconds = 300

/** Whose keys are published. */
export interface Published {
  readonly tickets: Tickets
  readonly workloads: WorkloadAuthority
  readonly jwtSvids: JwtSvids
  readonly signatures: HttpSignatures
}

/** Path of the gateway → what is published there. */
export function documentsOf(published: Published): ReadonlyMap<string, () => PublishedDocument> {
  const { tickets, workloads, jwtSvids, signatures } = published
  return new Map([
    ['/.well-known/sallyport/tickets', () => json('application/jwk-set+json', { keys: tickets.keys() })],
    ['/.well-known/sallyport/functions', () => json('application/jwk-set+json', { keys: jwtSvids.keys('sig') })],
    ['/.well-known/sallyport/signatures', () => json('application/jwk-set+json', { keys: signatures.keys() })],
    ['/.well-known/spiffe-bundle', () => json('application/json', bundleOf(workloads, jwtSvids))],
  ])
}

/** The trust domain's bundle (SPIFFE-Trust-Domain-and-Bundle §4): who signs its SVIDs of either kind. */
export function bundleOf(workloads: WorkloadAuthority, jwtSvids: JwtSvids): Readonly<Record<string, unknown>> {
  return {
    // Each grows whenever its own keys change, so the sum does.
    spiffe_sequence: workloads.changedAtMs() + jwtSvids.changedAtMs(),
    spiffe_refresh_hint: maxAgeSeconds,
    keys: [...workloads.bundleKeys(), ...jwtSvids.keys('jwt-svid')],
  }
}

function json(contentType: string, value: object): PublishedDocument {
  return {
    status: 200,
    headers: [
      ['content-type', contentType],
      ['cache-control', `public, max-age=${maxAgeSeconds}`],
    ],
    body: Buffer.from(`${JSON.stringify(value)}\n`),
  }
}
