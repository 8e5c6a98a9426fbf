import type { Position } from './position.ts'

/** A program outside that may call routes: known by its SPIFFE id, its role at AWS, or its keys; by all it is one. */
export interface Service {
  readonly name: string
  /** The exact id of its SVIDs. */
  readonly spiffeId?: string
  /** What AWS must say of it (`sts:GetCallerIdentity`). */
  readonly aws?: AwsRole
  /** Public keys (JWK) by which it signs its requests, each with a `kid` of its own. */
  readonly keys?: readonly Readonly<Record<string, unknown>>[]
  /** SHA-256 of their file, hex. */
  readonly keysDigest?: string
  readonly roles: readonly string[]
  readonly at: Position
}

/** A role at AWS, and where AWS is asked about it. */
export interface AwsRole {
  /** `arn:aws:iam::123456789012:role/invoices`. */
  readonly role: string
  /** The host that callers sign for: `sts.eu-central-1.amazonaws.com`. */
  readonly host: string
  /** Where the signed request is really sent; `https://HOST` unless written down otherwise. */
  readonly endpoint: string
}

/** Whose SPIFFE ids count besides our own: one trust domain, by its authorities and its JWT keys. */
export interface TrustDomain {
  readonly name: string
  /** Root certificates, DER in base64. */
  readonly roots: readonly string[]
  /** Public keys of its JWT-SVIDs (JWK). */
  readonly jwtKeys: readonly Readonly<Record<string, unknown>>[]
  /** SHA-256 of the file, hex. */
  readonly digest: string
  readonly at: Position
}
