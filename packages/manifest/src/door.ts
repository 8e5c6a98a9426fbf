import type { Position } from './position.ts'

/** A way out to one host. Only its operations may be asked for, and only by functions whose `can` names them. */
export interface Door {
  readonly name: string
  /**
   * `http`: every request is decided. The others are decided when they connect, and one operation, `connect`, is all
   * they have: `opaque` passes TLS through by its server name, `tcp` passes bytes, `postgres` is spoken.
   */
  readonly kind: 'http' | 'opaque' | 'tcp' | 'postgres'
  /** Where the function believes it goes: `https://api.stripe.com`. */
  readonly to: string
  /** Where the door really goes; equal to `to` unless written down otherwise. */
  readonly upstream: string
  /** True when `upstream` is a loopback or private address that was written down. */
  readonly privateUpstream: boolean
  /** The SPIFFE id that the upstream must prove, in place of a name that a public authority vouches for. */
  readonly peer?: string
  readonly add: Added
  /** For `postgres`: as whom the door signs in, and where. */
  readonly database?: DatabaseLogin
  readonly ops: readonly DoorOperation[]
  /** Request headers let through besides the standard ones, lower case. */
  readonly accept: readonly string[]
  /** Calls per interval for one function, over all operations. */
  readonly limit?: CallLimit
  readonly at: Position
}

/** How a door signs in to a PostgreSQL server. */
export interface DatabaseLogin {
  readonly user: string
  /** A template of one secret. */
  readonly password: string
  readonly database: string
  /** False only for a private upstream that was written down so. */
  readonly tls: boolean
}

/** What the door adds to every request. In a template, `{name}` stands for the secret of that name. */
export interface Added {
  /** Header name (lower case) → template: `Bearer {stripe-key}`. */
  readonly headers: Readonly<Record<string, string>>
  /** Query parameter → template. */
  readonly query: Readonly<Record<string, string>>
  /** Field of a JSON or form body → template. */
  readonly body: Readonly<Record<string, string>>
  /** HTTP Basic (RFC 7617): templates. */
  readonly basic?: { readonly user: string; readonly password: string }
  /** Client certificate for TLS to the upstream, PEM both: templates of one secret each. */
  readonly certificate?: { readonly cert: string; readonly key: string }
  /** OAuth 2.0 client credentials (RFC 6749 §4.4). */
  readonly oauth?: ClientCredentials
  /** A signed token of the function in place of a secret, for this audience. */
  readonly identity?: { readonly audience: string }
  /** True when the function's X.509-SVID is the client certificate; an identity token is then bound to it. */
  readonly svid?: boolean
  /** True when the door signs each request for the function (RFC 9421). */
  readonly signed?: boolean
}

/** How the door gets an access token; `client` and `secret` are templates. */
export interface ClientCredentials {
  /** URL of the token endpoint. */
  readonly token: string
  readonly privateToken: boolean
  readonly client: string
  readonly secret: string
  readonly scope?: string
  readonly audience?: string
}

/** One thing to be asked of a door's host: a method and a path, written `stripe.charge` under `can`. */
export interface DoorOperation {
  readonly name: string
  readonly method: string
  /** `/v1/payment_intents/:id/capture`: literal segments and `:name` for one segment each. */
  readonly path: string
  /** What query parameters must be; absent: they are not looked at. */
  readonly query?: Constraints
  /** What fields of the body must be; absent: the body is not looked at, and streams. */
  readonly body?: Constraints
  readonly returns?: Returns
  /** Calls per interval for one function. */
  readonly limit?: CallLimit
  readonly timeoutMs: number
  readonly maxBodyBytes: number
  /** Further attempts after one that failed; 0 unless written down. */
  readonly retries: number
  /** The header (lower case) that makes a repetition harmless upstream. */
  readonly idempotency?: string
  readonly at: Position
}

/** Calls per interval. */
export interface CallLimit {
  readonly calls: number
  readonly perMs: number
}

/** Names with what each must be. Unless `open`, a name that is not here is refused. */
export interface Constraints {
  readonly open: boolean
  readonly fields: readonly FieldConstraint[]
}

/** One query parameter or body field. Every part that is there must hold. */
export interface FieldConstraint {
  readonly name: string
  readonly optional: boolean
  /** The value, written as text, is one of these. */
  readonly in?: readonly string[]
  /** The value, cut at its slashes, fits these segments: themselves, or `:name` for any one. */
  readonly like?: string
  /** The value is a number within these bounds, both included. */
  readonly from?: number
  readonly to?: number
  /** Characters (UTF-16 code units) at most. */
  readonly maxLength?: number
}

/** What of an answer is let through; a part that is absent lets everything of its kind through. */
export interface Returns {
  /** Lower case, besides `content-type` and the length. */
  readonly headers?: readonly string[]
  /** Fields of a JSON answer: `id`, `charges.amount`; lists are walked through. */
  readonly fields?: readonly string[]
}

/** Bytes of a request body where the manifest says nothing. */
export const defaultMaxBodyBytes: number = 6 * 1024 * 1024

const secretNames = new WeakMap<Pick<Door, 'add' | 'database'>, readonly string[]>()

/** Every secret that a door's requests may carry, each once. */
export function secretsOf(door: Pick<Door, 'add' | 'database'>): readonly string[] {
  const known = secretNames.get(door) ?? namesIn(door)
  secretNames.set(door, known)
  return known
}

function namesIn({ add, database }: Pick<Door, 'add' | 'database'>): readonly string[] {
  const templates = [
    ...Object.values(add.headers),
    ...Object.values(add.query),
    ...Object.values(add.body),
    ...Object.values(add.basic ?? {}),
    ...Object.values(add.certificate ?? {}),
    ...(add.oauth === undefined ? [] : [add.oauth.client, add.oauth.secret]),
    ...(database === undefined ? [] : [database.password]),
  ]
  return [...new Set(templates.flatMap((template) => secretsIn(template)))]
}

/** The names between braces. */
export function secretsIn(template: string): readonly string[] {
  return [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)
}
