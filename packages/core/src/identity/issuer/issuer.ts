import { SallyportError } from '@sallyport/core/access'

import type { IssuerKind } from './issuer-kinds.ts'

/** A JSON Web Key Set (RFC 7517 §5) as it came: what is in it is checked key by key. */
export interface JwksDocument {
  readonly keys: readonly unknown[]
}

/**
 * Where an issuer's keys come from: given, or fetched. A fetch must end when the signal aborts, cap the size of
 * what it reads, and go nowhere but to the address that was written down; it rejects when it cannot.
 */
export type KeySource = JwksDocument | ((signal: AbortSignal) => Promise<JwksDocument>)

interface AnyIssuer {
  /** Short name, unique among the issuers; what external user names are prefixed with. */
  readonly name: string
  /** The exact value of `iss`. */
  readonly issuer: string
  readonly keys: KeySource
  /** Scopes that a token must have, all of them; none unless said. */
  readonly scopes?: readonly string[]
}

/** Sallyport's own provider: users keep their plain names, and its word on devices counts. */
export interface EmbeddedIssuer extends AnyIssuer {
  readonly kind: 'embedded'
  /** Must be in `aud`. */
  readonly audience: string
}

/**
 * Our own exchange (RFC 8693): what it says of a holder was verified by us when the token was made, so names, issuer,
 * roles, scopes and tags are those of whom it was exchanged for.
 */
export interface StsIssuer extends AnyIssuer {
  readonly kind: 'sts'
  /** Must be in `aud`. */
  readonly audience: string
}

/** Any issuer of JWT access tokens. */
export interface OidcIssuer extends AnyIssuer {
  readonly kind: 'oidc'
  /** How it words its tokens; by RFC 9068 when absent. */
  readonly type?: IssuerKind
  /** Claim → values, of which a token must have one; compared exactly. */
  readonly only?: Readonly<Record<string, readonly string[]>>
  /** Roles of every holder, beside those that the token states. */
  readonly holds?: readonly string[]
  readonly audience: string
  /** The claim that lists roles; taken literally, so `https://example.com/roles` works. */
  readonly rolesClaim?: string
  /** Accepted `typ`, lower case, `application/` dropped. Default: `at+jwt` alone (RFC 9068 §4). */
  readonly types?: readonly string[]
}

/** An Amazon Cognito user pool: its access tokens have no `typ` and no `aud`, but `token_use` and `client_id`. */
export interface CognitoIssuer extends AnyIssuer {
  readonly kind: 'cognito'
  /** Accepted `client_id`s; empty accepts every client of the pool. */
  readonly clients: readonly string[]
  /** `cognito:groups` value → role; a group that is not listed stands for the role of its own name. */
  readonly groups: Readonly<Record<string, string>>
  /** Accept ID tokens too. They say who signed in, not what the bearer may do: off unless asked for. */
  readonly idTokens?: boolean
}

/** An issuer whose tokens are accepted, and how to read them. */
export type IssuerConfiguration = EmbeddedIssuer | StsIssuer | OidcIssuer | CognitoIssuer

/** Throws `identity.configuration` for issuers that could be taken for one another. */
export function checkIssuers(issuers: readonly IssuerConfiguration[]): void {
  for (const { name, issuer } of issuers) {
    // The separator of `pool:alice`: with it in a name, two issuers could make one user name.
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) throw misconfigured(`“${name}” is not a plain issuer name`)
    if (issuer === '') throw misconfigured(`issuer “${name}” has no address`)
  }
  if (new Set(issuers.map(({ name }) => name)).size < issuers.length) throw misconfigured('two issuers have one name')
  if (new Set(issuers.map(({ issuer }) => issuer)).size < issuers.length) {
    throw misconfigured('two issuers have one address')
  }
  if (issuers.filter(({ kind }) => kind === 'embedded').length > 1) throw misconfigured('two embedded issuers')
}

function misconfigured(message: string): SallyportError {
  return new SallyportError('identity.configuration', message)
}
