import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'

import type { Answer } from './answer.ts'
import type { Incoming } from './http/incoming.ts'
import type { Pace } from './pace.ts'

/** What bytes that are no request are called. */
export const malformedCodes = ['request.malformed', 'request.header_too_large'] as const
/** One of them. */
export type MalformedCode = (typeof malformedCodes)[number]

/** Limits of a box that what is no whole request can reach. */
export const connectionLimits = [
  'exit.too_many_connections',
  'exit.too_slow',
  'exit.too_many_names',
  'exit.unread',
  'exit.pipelined',
] as const
/** One of them. */
export type ConnectionLimit = (typeof connectionLimits)[number]

/** What a name in a TLS handshake leads to. */
export type NamedDoor =
  | { readonly kind: 'leaf'; readonly context: SecureContext }
  /** To be passed on without a look inside. */
  | { readonly kind: 'opaque' }
  | { readonly kind: 'none' }

/** What the sockets of one box are turned into. Nothing here rejects. */
export interface ListenerHandlers {
  /** A head is complete. */
  readonly onRequest: (incoming: Incoming) => Promise<Answer>
  /** The same for a request to switch to WebSocket. */
  readonly onUpgrade: (incoming: Incoming) => Promise<Answer>
  /** Bytes that are no request. Resolves when it is on record. */
  readonly onMalformed: (code: MalformedCode) => Promise<Answer>
  /** A TLS handshake for a name that no door has, or for none. */
  readonly onUndeclaredName: (name: string) => void
  readonly onLimit: (code: ConnectionLimit) => void
  readonly pace: Pace
  readonly doorOf: (name: string) => Promise<NamedDoor>
  /** A connection whose handshake names an opaque door. */
  readonly onOpaque: (socket: Socket, name: string) => void
  /** A connection to one of the further ports. */
  readonly onPort: (socket: Socket, port: number) => void
}

/** What one box may take, as far as it is held where its bytes are parsed. */
export interface ListenerLimits {
  readonly connections: number
  /** Requests of one HTTP/2 connection at one time. */
  readonly streams: number
  readonly headerBytes: number
  /** From the end of one answer, or the opening, to the end of the next head. */
  readonly idleMs: number
  readonly dnsPerSecond: number
  /** Further ports on which HTTP is spoken, plain or within TLS; on the others nothing is read. */
  readonly webPorts?: readonly number[]
}
