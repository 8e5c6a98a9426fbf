import type { Reason } from '@sallyport/core/access'
import type { EventForm, Route } from '@sallyport/manifest'

/** One request as the gateway understood it: this reading, and nothing of the raw bytes, goes any further. */
export interface IngressRequest {
  readonly method: string
  /** The path as received, already known to be free of dot segments, doubled slashes and encoded separators. */
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  /** Lower-case names; what a client may not state (forwarding, our own names) is gone. */
  readonly headers: ReadonlyMap<string, string>
  /** Every Authorization header that came; more than one is refused. */
  readonly credentials: readonly string[]
  /** Every DPoP header that came; more than one is refused. */
  readonly proofs: readonly string[]
  /** Every `sallyport-device` header that came; more than one is refused. */
  readonly statements?: readonly string[]
  /** The address that was asked, without its query: what a DPoP proof must name. */
  readonly url: string
  /** SHA-256 of the certificate that the client proved in the TLS handshake, base64url, if it did. */
  readonly certificateThumbprint?: string
  /** That certificate and what was shown with it, DER, the leaf first; one and the same list for a whole connection. */
  readonly certificates?: readonly Uint8Array[]
  readonly body: Uint8Array
  readonly remoteAddress: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  /** Where it leads, if anywhere. */
  readonly destination?: Destination
  /** What made it unacceptable before anybody asked a policy. */
  readonly fault?: Reason
}

/** The function and the route that a request's method and path lead to. `parameters` are percent-decoded once. */
export interface Destination {
  readonly functionName: string
  readonly functionArn: string
  readonly zone: string
  readonly route: Route
  /** What event it was written for; the usual one when absent. */
  readonly event?: EventForm
  readonly parameters: Readonly<Record<string, string>>
}

/** What goes back to the caller. Header names are lower case; one that may repeat stands several times. */
export interface IngressResponse {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** In place of the body: what is sent as it is made. To be read to its end, or returned from. */
  readonly stream?: AsyncIterableIterator<Uint8Array>
}

/** An address that the server itself answers, under `/.well-known/sallyport/`: no route of an app can stand there. */
export interface OwnEndpoint {
  readonly maxBodyBytes: number
  readonly answer: (request: IngressRequest) => Promise<IngressResponse>
}

/** A reason of the gateway itself, before any policy. */
export function gatewayReason(code: string, message: string): Reason {
  return { code, layer: 'door', message }
}
