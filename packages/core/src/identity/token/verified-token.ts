import type { JsonObject } from '@sallyport/core/json'
import type { Binding } from './binding.ts'
import type { IssuerConfiguration } from '../issuer/issuer.ts'
import type { Lifetime } from '../lifetime.ts'

/** A token whose every check held at the moment `verify` answered. */
export interface VerifiedToken extends Lifetime {
  readonly kind: 'verified'
  /** SHA-256 of the token as it came, base64url: what a DPoP proof says as `ath`. */
  readonly digest: string
  readonly issuer: IssuerConfiguration
  readonly keyId: string
  /** The header's `typ`, as `parseJwt` reads it. */
  readonly type: string | undefined
  /** What its presenter must prove beside it. */
  readonly binding: Binding
  /** The holder's name within the issuer; `subjectOf` makes it unique among issuers. */
  readonly userName: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  /** All claims, without a prototype. */
  readonly claims: JsonObject
}
