import type {
  AccessRequest,
  Allow,
  Decision,
  DecisionRecord,
  GapRecord,
  Grant,
  NameRecord,
  OutcomeRecord,
  Receipt,
  Secret,
  Subject,
} from '@sallyport/core/access'
import type { HttpRequest } from '@sallyport/core/identity'
import type { App, SeenExit, Table } from '@sallyport/manifest'

import type { Invocation, InvocationResult, OutputLine } from '../host/index.ts'
import type { AskGuests } from '../information/index.ts'
import type { EmbeddedTables } from './aws/dynamodb.ts'

/** What the egress door needs from the other rooms; main.ts hands it in. */
export interface EgressRooms {
  /** The app in force now. Asked for every exit, so a reload holds from the next one on. */
  readonly app: () => App
  /** Adds what the guests say. Never rejects. */
  readonly askGuests: AskGuests
  /** Pure and synchronous; positions and fixes are already filled in. Honours `refusal`. */
  readonly decide: (asked: readonly [AccessRequest, ...AccessRequest[]]) => Decision
  /** Resolves when the record is as durable as its grade says; rejects rather than lose one. */
  readonly record: (record: DecisionRecord) => Promise<Receipt>
  /** Takes an outcome, a name that was asked for, or a counted gap. Must not throw. */
  readonly append: (record: OutcomeRecord | NameRecord | GapRecord) => unknown
  readonly admit: (decision: Allow, receipt: Receipt) => Grant | Promise<Grant>
  /** True while no counter that the grant was decided under has moved, and it has not expired. */
  readonly isCurrent: (grant: Grant) => boolean
  readonly useSecret: (name: string) => Secret<string> | undefined | Promise<Secret<string> | undefined>
  /** Whether there is one, without opening it. */
  readonly hasSecret: (name: string) => boolean
  /** Calls `end` once the grant has ended while it is registered; gives back what ends the registration. */
  readonly whenEnded: (grant: Grant, end: () => void) => () => void
  /** How long to wait, in milliseconds, before the next call under this key; 0 means go ahead, and takes one. */
  readonly limiter: (key: string, limit: { readonly calls: number; readonly perMs: number }) => number
  /** A short-lived signed token that says which function calls, and for whom; bound to `svid` if there is one. */
  readonly identityToken: (audience: string, subject: Subject, invocation: Invocation, svid?: FunctionSvid) => string
  /** The fields that sign a request for the function that calls (RFC 9421). */
  readonly signRequest: (
    message: HttpRequest,
    covered: readonly string[],
    subject: Subject,
  ) => Promise<readonly (readonly [string, string])[]>
  /** The certificate of the function that calls. */
  readonly svidFor: (subject: Subject) => Promise<FunctionSvid>
  /** The authorities of a trust domain, DER; undefined for one that does not count here. */
  readonly rootsOf: (trustDomain: string) => readonly Uint8Array[] | undefined
  /** Whether one more file descriptor may be opened for a box; the last ones are kept for ledger and vault. */
  readonly mayOpen: () => boolean
  readonly elevatedRoles: (subjectId: string) => readonly string[]
  readonly invokeFunction: (call: FunctionInvocation) => Promise<InvocationResult>
  /** Asks the tables that are kept here: those whose endpoint the manifest does not give. */
  readonly askTables: EmbeddedTables['ask']
  /** For the endpoint that the manifest gives. */
  readonly upstreamCredentials: (table: Table) => UpstreamCredentials
  readonly interception: Interception
  /** The engine and its strength, as every record states it. */
  readonly isolation: string
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly random: (bytes: number) => Uint8Array
  /**
   * Takes every exit that was decided, for `sallyport learn`. Where it is there, names that no door has are answered
   * as well and their requests are read, so that there is something to learn from; they are refused all the same.
   */
  readonly learn?: (seen: SeenExit) => void
  /** Writes to the log of the function that asked. */
  readonly log: (line: OutputLine) => void
  /** PEM of further authorities that upstreams may be vouched for by; the runtime's own always count. */
  readonly upstreamCaPem?: string
  readonly limits?: Partial<EgressLimits>
}

/** An X.509-SVID with its key, PEM both. */
export interface FunctionSvid {
  readonly id: string
  readonly cert: string
  readonly key: string
  readonly expiresAtMs: number
}

/** One function called by another. `invokeFunction` adds the id and the affinity, and runs it. */
export interface FunctionInvocation extends Omit<Invocation, 'id' | 'affinity' | 'event'> {
  /** The event, once the invocation has an id. */
  readonly eventFor: (requestId: string) => Uint8Array
}

/** The real AWS credential that calls leave under. No box ever sees it; it is revealed only to sign. */
export interface UpstreamCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Secret<string>
  readonly sessionToken?: Secret<string>
}

/** The authority whose leaves the boxes trust, and nobody else. */
export interface Interception {
  readonly caPem: string
  readonly leafFor: (names: readonly string[]) => Leaf | Promise<Leaf>
}

/** A certificate for the names asked, with its private key. */
export interface Leaf {
  /** PEM. */
  readonly key: string
  /** PEM, the leaf first. */
  readonly cert: string
}

/** What one box may take of us. */
export interface EgressLimits {
  readonly connections: number
  /** Requests of one box that wait for their answer to begin, over all connections. */
  readonly requests: number
  /** Requests of one HTTP/2 connection at one time. */
  readonly streams: number
  /** Sessions of one PostgreSQL door: a database has a hundred or so, for everybody. */
  readonly sessions: number
  readonly headerBytes: number
  readonly bodyBytes: number
  /** Request bodies of one box that we hold at one time. */
  readonly bytesInFlight: number
  /** From the end of one answer, or the opening, to the end of the next head; and for a whole body. */
  readonly idleMs: number
  readonly dnsPerSecond: number
  /** Refusals that are recorded one by one; the rest of a second becomes one counted gap. */
  readonly recordedRefusalsPerSecond: number
}

/**
 * What counts where `limits` says nothing: more than one invocation needs, less than would hurt a neighbour. Clients
 * open a connection for each request that is under way, and ask for the name of each twice (A and AAAA): whoever asks
 * for a hundred things at once is no flood.
 */
export const defaultLimits: EgressLimits = {
  connections: 256,
  requests: 256,
  streams: 64,
  sessions: 32,
  headerBytes: 16 * 1024,
  bodyBytes: 6 * 1024 * 1024,
  bytesInFlight: 24 * 1024 * 1024,
  idleMs: 30_000,
  dnsPerSecond: 1_000,
  recordedRefusalsPerSecond: 50,
}
