import type { Duplex } from 'node:stream'

import type { Invocation } from '../../host/index.ts'
import type { ConnectionLimit, Incoming, ListenerLimits, MalformedCode } from '../../parser/index.ts'
import type { ExitResponse } from '../refusal.ts'
import type { Leaf } from '../rooms.ts'
import type { Greeting } from '../tunnel/postgres.ts'
import type { Ending } from '../ending.ts'

/** Whose an exit is: the invocation under which its connection was accepted, and the end of that one. */
export interface Under {
  readonly invocation: Invocation | undefined
  readonly signal: Ending
}

/** A connection to a further port of a box, of which nothing has been read. */
export interface PortConnection {
  readonly stream: Duplex
  readonly port: number
  /** The address that the code dialled. */
  readonly localAddress: string
  /** Lets bytes come as they are. */
  relay(): void
  /** Has the start of a session of PostgreSQL read, within TLS where the client asks for it and there is a leaf. */
  greet(leaf: Leaf | undefined): Promise<Greeting>
}

/** What a parser asks about. Nothing here rejects. */
export interface PortHandlers {
  readonly onRequest: (incoming: Incoming, under: Under) => Promise<ExitResponse>
  readonly onUpgrade: (incoming: Incoming, under: Under) => Promise<ExitResponse>
  readonly onMalformed: (code: MalformedCode) => Promise<ExitResponse>
  readonly onUndeclaredName: (name: string) => Promise<unknown>
  readonly onLimit: (code: ConnectionLimit) => Promise<unknown>
  /** What to answer, or nothing. */
  readonly onQuestion: (question: DnsAsked) => Promise<DnsTold | undefined>
  readonly onUnreadableQuestion: () => void
  readonly doorOf: (name: string) => Promise<Leaf | 'opaque' | undefined>
  readonly onOpaque: (stream: Duplex, name: string, under: Under) => Promise<unknown>
  readonly onPort: (connection: PortConnection, under: Under) => Promise<unknown>
  /** The parser broke its own protocol, and is heard no more: it was taken over, or is broken. */
  readonly onFault: (fault: string) => void
}

/** A question of DNS. */
export interface DnsAsked {
  readonly name: string
  readonly type: number
}

/** What it is told. */
export interface DnsTold {
  readonly code: number
  readonly address: string | undefined
}

/** How a port is held to its bounds. */
export interface PortLimits extends ListenerLimits {
  /** How long a parser may take to close what an invocation left open. */
  readonly clearMs: number
}

/** The server's end of the channel to the parser of one box. */
export interface ParserPort {
  /**
   * Has everything closed that is open, and resolves once the parser has said that it is, or is no more. Exits that
   * were on their way until then belong to `ended`, and so have ended.
   */
  clear(ended: Under): Promise<void>
  close(): void
}
