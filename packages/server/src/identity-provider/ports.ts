import type { JWK } from 'jose'

/**
 * Small records, sealed at rest. Contract: synchronous, so that read–check–write in one turn of the event loop is
 * one step that no other request can come between; what `put` returned from survives the end of the process;
 * kinds and ids are stored readable, so an id that is itself a secret is hashed by the caller; values are sealed.
 */
export interface SealedStore {
  /** The value; undefined when it was never put, was deleted, or has expired. */
  get(kind: string, id: string): string | undefined
  /** Puts or replaces. `expiresAtSeconds` counts from the epoch; absent means never. */
  put(kind: string, id: string, value: string, expiresAtSeconds?: number): void
  /** Nothing happens when there is none. */
  delete(kind: string, id: string): void
  /** The ids of one kind that have not expired, in no particular order. */
  ids(kind: string): readonly string[]
}

/** One person who may sign in. */
export interface User {
  /** Letters, digits, `.`, `_`, `-`; it becomes part of an ARN. */
  readonly name: string
  readonly roles: readonly string[]
  /** Argon2id in PHC form; absent after a reset, until the user has set another one. */
  readonly passwordHash?: string
  /** Base32; absent when no second factor is enrolled. */
  readonly totpSecret?: string
  readonly devices: readonly EnrolledDevice[]
  readonly passkeys?: readonly Passkey[]
  /** Accounts at upstreams by which an administrator lets them sign in. */
  readonly links?: readonly UpstreamAccount[]
  /** SHA-256 of each that is left, hex; 80 random bits each, so a plain hash keeps them. */
  readonly recoveryCodes?: readonly string[]
  /** True for somebody who may not sign in, and whose tokens are not renewed. */
  readonly disabled?: boolean
  /** True for somebody whom an administrator added: the manifest neither names nor removes them. */
  readonly added?: boolean
}

/** An account at an upstream, by the two names that never change hands; an e-mail address is none. */
export interface UpstreamAccount {
  /** The exact `iss`. */
  readonly issuer: string
  /** `sub`. */
  readonly subject: string
}

/** A WebAuthn credential of one user. */
export interface Passkey {
  /** Credential id, base64url. */
  readonly id: string
  /** COSE key, base64url. */
  readonly publicKey: string
  /** The authenticator's signature counter at the last use; 0 where it keeps none. */
  readonly counter: number
  readonly transports: readonly string[]
  /** True when it may be copied to other devices of its owner. */
  readonly syncable: boolean
  /** Seconds since the epoch. */
  readonly createdAtSeconds: number
}

/** A device whose key was enrolled for one user. */
export interface EnrolledDevice {
  readonly id: string
  /** `laptop`, `phone`, … */
  readonly type: string
  /** For those that prove themselves at the sign-in page. */
  readonly publicJwk?: JWK
  /** RFC 7638, for those that prove themselves by the key that their tokens are bound to (RFC 9449). */
  readonly thumbprint?: string
}

/** The people who may sign in. There is no registration: only whoever holds this store adds one. */
export interface UserStore {
  find(name: string): User | undefined
  names(): readonly string[]
  put(user: User): void
  remove(name: string): void
}

/** What happened at the sign-in pages, for the ledger. Nothing secret is in it. */
export interface SignInEvent {
  readonly event: 'signed-in' | 'refused' | 'failed'
  /** Stable: `sign-in.password`, `sign-in.code`, `sign-in.too_many_attempts`, `sign-in.device`, `sign-in.fault`. */
  readonly code: string
  /** As typed, cut to 64 characters; absent when none was. */
  readonly user?: string
  readonly address: string
  readonly sessionId?: string
  readonly methods?: readonly string[]
  readonly device?: string
  /** The upstream at which the person signed in, or tried to, as the manifest names it. */
  readonly upstream?: string
  /** Who they are there: what an administrator links. */
  readonly subject?: string
  /** For refusals of an upstream's answer: an error code, and nothing that somebody outside could have written. */
  readonly detail?: string
  /** For `failed` alone: the error's own words, for the operator. */
  readonly message?: string
}
