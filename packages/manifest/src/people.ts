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

/** Sallyport's own OpenID provider. */
export interface EmbeddedIssuer {
  readonly kind: 'embedded'
  readonly users: readonly { readonly name: string; readonly roles: readonly string[] }[]
  readonly clients: readonly EmbeddedClient[]
  /** Where else its users may sign in; absent where nowhere. */
  readonly upstreams?: readonly Upstream[]
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

/**
 * An OpenID provider outside at which users of the embedded one may sign in. Nobody comes in by it alone: an
 * administrator links a user to one account there, by `iss` and `sub`, which never change hands.
 */
export interface Upstream {
  /** Shown on the page, and part of the address to which it sends people back. */
  readonly name: string
  /** The exact `iss`. */
  readonly issuer: string
  readonly client: string
  /** The name of the secret that is shown there. */
  readonly secret: string
  /** All that is asked for, `openid` among it. */
  readonly scopes: readonly string[]
  /** Values of the ID token's `amr` and `acr` of which one says that two factors were proved. */
  readonly mfa: { readonly amr: readonly string[]; readonly acr: readonly string[] }
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
