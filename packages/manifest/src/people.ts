import type { Position } from './position.ts'

/** One human being, and the accounts under which they may come: `ada`, `ada-ops`, `pool:ada`. */
export interface Person {
  readonly name: string
  /** Plain names of embedded users, `ISSUER:NAME` for others. */
  readonly accounts: readonly string[]
  readonly at: Position
}

/** How a role is elevated just in time. */
export interface Jit {
  /** Longest elevation. */
  readonly maxMs: number
  readonly approvers: readonly string[]
  readonly reasonRequired: boolean
  /** How many different persons must approve. */
  readonly approvals: number
  /** How long a request waits for its approvals. */
  readonly requestMs: number
  /** How long an approval may be used again, in elevations of at most `maxMs`. */
  readonly approvalMs: number
  /** Longest elevation without approval, with an alarm; absent where there is none. */
  readonly breakGlassMs?: number
}

/** Roles of which one person may not have two: not at all, or not at the same time. */
export interface Separation {
  readonly kind: 'static' | 'dynamic'
  readonly roles: readonly string[]
  readonly at: Position
}

/** A program that may ask the embedded provider for tokens. */
export interface EmbeddedClient {
  readonly name: string
  /** Roles of the tokens that it gets for itself. */
  readonly roles: readonly string[]
  /** Its public keys (JWK), by which it proves itself; absent for a public client. */
  readonly keys?: readonly Readonly<Record<string, unknown>>[]
  /** SHA-256 of the file that holds them, hex. */
  readonly jwksDigest?: string
  readonly redirects: readonly string[]
  readonly logoutRedirects: readonly string[]
  /** Its tokens are bound to a key of its own (RFC 9449). */
  readonly dpop: boolean
}

/** What a sign-in must be for one thing (RFC 9470); whose is not steps up. */
export interface Assurance {
  /** Seconds that may have passed since the person proved themselves. */
  readonly maxAgeSeconds?: number
  /** Two factors. */
  readonly mfa: boolean
  /** Scopes that the token must have, all of them. */
  readonly scopes: readonly string[]
}

/**
 * What may be done to a running server: set a secret, apply a manifest that broadens, invoke a function directly, add
 * and disable users and end what anybody holds.
 */
export type AdministrativePower = 'secrets' | 'configuration' | 'invoke' | 'users'
