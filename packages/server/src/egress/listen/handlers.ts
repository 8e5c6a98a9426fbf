import type { SecureContext } from 'node:tls'
import type { LimitCode } from '../box-limits.ts'
import type { Incoming } from './incoming.ts'
import type { Pace } from './pace.ts'
import type { ExitResponse } from '../refusal.ts'
import type { Tunnels } from '../tunnel/tunnel.ts'

/** What the sockets of one box are turned into. */
export interface ListenerHandlers {
  /** A head is complete. Must resolve, with the answer. */
  readonly onRequest: (incoming: Incoming) => Promise<ExitResponse>
  /** The same for a request to switch to WebSocket. */
  readonly onUpgrade: (incoming: Incoming) => Promise<ExitResponse>
  /** Bytes that are no request: `code` as for refusals. Resolves when it is on record. */
  readonly onMalformed: (code: string) => Promise<ExitResponse>
  /** A TLS handshake for a name that no door has, or for none. */
  readonly onUndeclaredName: (name: string) => Promise<unknown>
  readonly pace: Pace
  /** Whether one more connection may be held at all. */
  readonly mayOpen: () => boolean
  /** A limit of the box was reached by what is no whole request. */
  readonly onLimit: (code: LimitCode) => Promise<unknown>
  readonly tunnels: Tunnels
  /** The leaf for a declared host; undefined for every other name. Must resolve. */
  readonly contextFor: (name: string) => Promise<SecureContext | undefined>
}
