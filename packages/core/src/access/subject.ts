/**
 * Who asks. Evidence goes into the identity room and a Subject comes out; nobody else makes one.
 * A missing or bad credential yields the anonymous subject, so that even its refusal is decided and recorded.
 */
export interface Subject {
  readonly kind: 'anonymous' | 'user' | 'function' | 'operator'
  /** An ARN: `arn:sallyport:identity:APP::user/alice`, `arn:sallyport:function:APP:ZONE:NAME`, or `anonymous`. */
  readonly id: string
  /** The short name that people use for it: `alice`, `payments`, `anonymous`. */
  readonly name: string
  /** The issuer that vouched for it (a token's `iss`); absent for functions and the anonymous subject. */
  readonly issuer?: string
  /** The sign-in session (a token's `sid`, else its `jti`), the same in every record of one sitting. */
  readonly sessionId?: string
  /** Roles that the verified evidence states. Holding a role says nothing yet of MFA or elevation. */
  readonly roles: readonly string[]
  /** How it was authenticated; absent for functions and the anonymous subject. */
  readonly authentication?: Authentication
  /** What was presented as proof; absent for functions and the anonymous subject. */
  readonly credential?: Credential
  /** The device that the sign-in proved, if any. */
  readonly device?: Device
  /** Why a certificate or a statement about a device that came along does not count. */
  readonly deviceFault?: string
  /** For a function: its zone and the digest of the code that runs. */
  readonly workload?: { readonly zone: string; readonly codeDigest: string }
  /** Why a presented credential was not accepted. Only on the anonymous subject. */
  readonly refused?: { readonly code: string; readonly message: string }
}

/** The token that a subject presented: what a revocation may name, and what a policy may ask of it. */
export interface Credential {
  /** The issuer's short name; `embedded` for our own. */
  readonly issuerName: string
  /** The `kid` of the key that signed it. */
  readonly keyId: string
  readonly issuedAtSeconds: number
  /** RFC 9068 `client_id`: the program that the person signed in with. */
  readonly clientId?: string
  /** `jti`. */
  readonly tokenId?: string
  readonly scopes: readonly string[]
  /** What the issuer's kind lets us take as attributes of the holder: repository, branch, tenant. */
  readonly tags: Readonly<Record<string, string>>
  /** Thumbprints of the keys it is bound to and that were proved with this request (RFC 9449 `jkt`, RFC 8705). */
  readonly boundTo: readonly string[]
  /** How that was proved. */
  readonly binding: 'none' | 'dpop' | 'mtls' | 'dpop+mtls' | 'signature'
}

/** How and when a person proved who they are; policies ask for it as MFA, its age, and the session's end. */
export interface Authentication {
  /** RFC 8176 method references, such as `pwd`, `otp`. */
  readonly methods: readonly string[]
  /** True when two different factors were proved. */
  readonly mfa: boolean
  /** When the person last proved themselves, in seconds since the epoch (OpenID Connect `auth_time`). */
  readonly authenticatedAtSeconds: number
  /** The authentication context that the issuer states (OpenID Connect `acr`), if any. */
  readonly context?: string
  /** When the credential itself ends, in seconds since the epoch. */
  readonly expiresAtSeconds: number
}

/** The device that a person uses, as the sign-in, a certificate or its manager proved it. */
export interface Device {
  readonly id: string
  /** True when an enrolled key, a certificate or a manager's word proved it. A User-Agent never makes this true. */
  readonly managed: boolean
  readonly type: string
  /** What proved it with this very request; absent where the sign-in did. */
  readonly source?: 'certificate' | 'manager'
  /** When that certificate was issued or that word given, in seconds since the epoch. */
  readonly statedAtSeconds?: number
  /** Whether it keeps its owner's rules; absent where its manager did not say. */
  readonly compliant?: boolean
}

/** Whoever presents no credential, or a bad one: a subject like others, so that the refusal is decided and recorded. */
export const anonymous: Subject = { kind: 'anonymous', id: 'anonymous', name: 'anonymous', roles: [] }
