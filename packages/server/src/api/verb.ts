import type { Context, Grant, Subject } from '@sallyport/core/access'
import type { Outcome } from '@sallyport/core/enforcement'

/** One administrative request as the API understood it. */
export interface AdministrativeRequest {
  readonly verb: Verb
  /** The named part of the path: a role, a secret's name, a request's id, a function's name. */
  readonly name: string
  readonly body: Uint8Array
  /** The person's access token, from the header `x-sallyport-user-token`. */
  readonly credentials: readonly string[]
  /** Every proof of the key that the token is bound to (RFC 9449), and the address that it must be for. */
  readonly proofs: readonly string[]
  readonly url: string
}

/**
 * One verb that changes a running server. Adding one is one entry in a table.
 * `ask` says what it asks of policy; `carryOut` does it, after the decision is in the ledger.
 */
export interface Verb {
  readonly method: 'POST' | 'PUT'
  /** `/v1/secrets/:name` */
  readonly path: string
  ask(request: AdministrativeRequest, subject: Subject): Asked
  carryOut(request: AdministrativeRequest, by: Subject, grant: Grant): Promise<ApiAnswer> | ApiAnswer
}

/** What one administrative call asks of the policy engine: an action on an `arn:sallyport:admin:` resource. */
export interface Asked {
  readonly action: string
  readonly resource: string
  readonly context?: Context
  /** Certain before any policy is asked: no such role, no such request. */
  readonly fault?: { readonly code: string; readonly message: string }
}

/** What goes back: an HTTP status, and a body to be written as JSON. */
export interface ApiAnswer {
  readonly status: number
  readonly body: unknown
  /** Goes into `WWW-Authenticate`, behind the scheme. */
  readonly challenge?: string
  /** In place of the body: bytes that are still being made. */
  readonly stream?: ApiStream
}

/** What a function streams to whoever invoked it. */
export interface ApiStream {
  /** The function's own, which is not that of the API. */
  readonly status: number
  readonly body: AsyncIterableIterator<Uint8Array>
  readonly ended: Promise<Outcome>
}
