import type { Duplex, Readable } from 'node:stream'

import type { Peer } from './peer.ts'
import type { Ending } from '../ending.ts'

/** One call of an upstream: everything in it has been decided. */
export interface UpstreamCall {
  /** Calls with the same key share connections; one per app, door and function. */
  readonly pool: string
  /** `https://api.stripe.com`, without a path. */
  readonly origin: string
  readonly privateUpstream: boolean
  /** `2`: HTTP/2 where the upstream speaks it by ALPN, and by prior knowledge where it is plain. */
  readonly protocol?: '1.1' | '2'
  /** Shown to the upstream, PEM. `digest` tells certificates apart without holding them. */
  readonly certificate?: { readonly cert: string; readonly key: string; readonly digest: string }
  /** Verified in place of the upstream's name. */
  readonly peer?: Peer
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** A stream is ended with its error where it breaks, and then the call is too. */
  readonly body: Uint8Array | Readable
  /** To the answer's head, and between any two parts of its body. */
  readonly timeoutMs: number
  readonly signal: Ending
}

/** The head of what the upstream answered, and its body. The reader must end or destroy a body that is a stream. */
export interface UpstreamAnswer {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Whole where it was small and came whole; else a stream. */
  readonly body: Uint8Array | Readable
  /** Known once the body has ended. */
  readonly trailers: () => readonly (readonly [name: string, value: string])[]
  /** `TLSv1.3`, or `none`. */
  readonly tls: string
}

/** An upstream that has switched to another protocol, or what it answered in place of that. */
export type UpgradeAnswer =
  | {
      readonly kind: 'switched'
      readonly headers: readonly (readonly [name: string, value: string])[]
      readonly socket: Duplex
      readonly tls: string
    }
  | ({ readonly kind: 'answered' } & UpstreamAnswer)
