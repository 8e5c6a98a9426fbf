import type { Context, ContextValue, Layer, Reason } from './access-request.ts'
import type { Durability } from './receipt.ts'

/** One entry of the ledger, as JSON. Nothing secret is ever in one. `at` is milliseconds since the epoch. */
export type LedgerRecord =
  | DecisionRecord
  | OutcomeRecord
  | NameRecord
  | ConfigurationRecord
  | LifecycleRecord
  | ElevationRecord
  | AlarmRecord
  | NotificationRecord
  | RevocationRecord
  | QuarantineRecord
  | SignInRecord
  | EnrolmentRecord
  | SignalRecord
  | GapRecord

/** A decision at one of the three doors; written before any effect. */
export interface DecisionRecord {
  readonly kind: 'decision'
  readonly id: string
  readonly at: number
  readonly door: 'ingress' | 'egress' | 'administration'
  readonly transaction: string
  readonly parent?: string
  readonly subject: string
  readonly subjectName: string
  readonly sessionId?: string
  /** The person on whose behalf it runs, where that is not the subject. */
  readonly user?: string
  readonly actors: readonly string[]
  readonly effect: 'allow' | 'deny'
  readonly layer?: Layer
  readonly reasons: readonly Reason[]
  /** Every action × resource that was asked; one, unless the request was a batch. */
  readonly asked: readonly AskedRecord[]
  /** The facts the policy saw; of a batch, those of its first request. */
  readonly context: Context
  readonly durability: Durability
  /** The digest of the manifest that was in force. */
  readonly manifest: string
  /** `box` and its strength, with `debug` added while a debugger may attach. */
  readonly isolation: string
  /** Advisory: the npm package whose code asked, read from a stack that the function itself could forge. */
  readonly advisoryPackage?: string
  /** A door's upstream: what was reached and how well the way there was protected. */
  readonly upstream?: { readonly host: string; readonly tls: string }
}

/** One request of a decision. */
export interface AskedRecord {
  readonly action: string
  readonly resource: string
  /** Where the facts of this one are others than `context`: what they are, and null for those that are absent. */
  readonly facts?: Readonly<Record<string, ContextValue | null>>
  /** Its facts are others, and were left out: those of the batch would not fit into one record. */
  readonly factsOmitted?: true
}

/** What came of an allowed decision. A decision without one is `unknown` after a restart, never "it happened". */
export interface OutcomeRecord {
  readonly kind: 'outcome'
  readonly at: number
  readonly decision: string
  readonly transaction: string
  /** The sitting that the decision was made in; absent where nobody signed in. */
  readonly sessionId?: string
  readonly outcome: 'done' | 'refused-upstream' | 'failed' | 'aborted' | 'unknown'
  /** The HTTP status that came back, where there was one. */
  readonly status?: number
  readonly durationMs?: number
  readonly detail?: string
  /** TLS version to the upstream, e.g. `TLSv1.3`, or `none` for a loopback door that was written down so. */
  readonly tls?: string
  /** Bytes toward the upstream and from it, where the crossing was a tunnel. */
  readonly sentBytes?: number
  readonly receivedBytes?: number
}

/** What a box asked for by name (DNS), and was told: one for each name of each invocation. */
export interface NameRecord {
  readonly kind: 'name'
  /** When it was asked for the first time, in milliseconds since the epoch. */
  readonly at: number
  /** The function's ARN. */
  readonly subject: string
  /** Of the invocation that was running, and the decision that led to it; absent between invocations. */
  readonly transaction?: string
  readonly decision?: string
  /** Lower case; what is no letter of a host name stands as `?`. */
  readonly name: string
  /** `A`, `AAAA`, `TYPE4711`, …: the first few that were asked for. */
  readonly types: readonly string[]
  /** The address that stands for the name inside the box, or the code of the refusal. Nothing is looked up outside. */
  readonly answer: string
  /** How often it was asked for in that invocation. */
  readonly count: number
}

/** A manifest came into force. */
export interface ConfigurationRecord {
  readonly kind: 'configuration'
  readonly at: number
  readonly digest: string
  readonly previous?: string
  readonly author: string
  readonly broadens: boolean
  /** One line per access gained (`+ …`) or lost (`- …`). */
  readonly accessDiff: readonly string[]
}

/** The server or a box started or ended, or something was found to mend. `at` in milliseconds since the epoch. */
export interface LifecycleRecord {
  readonly kind: 'lifecycle'
  readonly at: number
  readonly event: 'start' | 'stop' | 'recovered' | 'box-start' | 'box-end' | 'spool-full'
  readonly detail: string
}

/**
 * Just-in-time elevation, from request to end. Administrative state is a projection of these. `approved` is the consent
 * of one person; with the last one needed comes `granted`. `lapsed` is the end of an elevation whose approval stands.
 */
export interface ElevationRecord {
  readonly kind: 'elevation'
  readonly at: number
  readonly event: 'requested' | 'approved' | 'granted' | 'lapsed' | 'denied' | 'ended'
  readonly request: string
  readonly subject: string
  readonly role: string
  readonly reason?: string
  readonly by?: string
  /** The sitting in which it was done; of what happens by itself, that in which it was asked for. */
  readonly sessionId?: string
  /** Digest of exactly what was asked; an approval names it. */
  readonly powers: string
  /** Milliseconds since the epoch: when a request stops waiting, or when a granted elevation ends. */
  readonly expiresAt?: number
  /** On the first `granted`: until when the approval may be used again, in milliseconds since the epoch. */
  readonly approvalEndsAt?: number
  /** The same two ends by the machine's own clock, which nobody can set: good within one boot of it. */
  readonly boot?: BootDeadlines
  /** On `requested`: nobody approves, an alarm was raised. */
  readonly breakGlass?: boolean
}

/** Ends of life in milliseconds since the machine started, and which start that was. */
export interface BootDeadlines {
  readonly id: string
  readonly expiresAtMs: number
  readonly approvalEndsAtMs?: number
}

/** Somebody has to look at this now. */
export interface AlarmRecord {
  readonly kind: 'alarm'
  readonly at: number
  /** `elevation.break_glass`, … */
  readonly code: string
  /** ARN of who caused it. */
  readonly subject: string
  readonly detail: string
}

/** Somebody outside was told of a request for elevation, or could not be told. */
export interface NotificationRecord {
  readonly kind: 'notification'
  readonly at: number
  /** The request's id. */
  readonly request: string
  /** The origin alone: the path of such an address is often a secret. */
  readonly to: string
  readonly outcome: 'delivered' | 'failed'
  readonly detail: string
}

/**
 * A right was taken back: every grant that rests on the target and was decided before `at` (milliseconds since the
 * epoch) has ended, and no sign-in from before it counts any more.
 */
export interface RevocationRecord {
  readonly kind: 'revocation'
  readonly at: number
  /** `user/alice`, `session/s1`, `function/payments`, …: see `revocationTargets`. */
  readonly target: string
  readonly reason: string
}

/**
 * A person or a function was shut off until somebody releases it: every grant that rests on it has ended, and none is
 * made. Who is in quarantine is a projection of these.
 */
export interface QuarantineRecord {
  readonly kind: 'quarantine'
  readonly at: number
  readonly event: 'quarantined' | 'released'
  /** `user/alice`, `user/pool:alice`, `function/payments`. */
  readonly target: string
  readonly reason: string
  /** ARN of who did it. */
  readonly by: string
}

/** Somebody signed in at the embedded provider, or tried to. */
export interface SignInRecord {
  readonly kind: 'sign-in'
  readonly at: number
  readonly event: 'signed-in' | 'refused' | 'failed'
  /** `sign-in.password`, `sign-in.code`, `sign-in.too_many_attempts`, … */
  readonly code: string
  /** As typed, cut to 64 characters. */
  readonly user?: string
  readonly address: string
  readonly sessionId?: string
  /** RFC 8176 method references that were proved. */
  readonly methods?: readonly string[]
  readonly device?: string
  /** The upstream at which the person signed in, or tried to, as the manifest names it. */
  readonly upstream?: string
  /** Their `sub` there. */
  readonly subject?: string
  /** Why an upstream's answer was refused, as an error code. */
  readonly detail?: string
}

/**
 * Somebody was asked to set what they sign in with at the embedded provider, or did so. `opened` is a link given out,
 * `enrolled` its one use; everything that the user held before has then ended. `link` and `unlink` are of an account
 * at an upstream, by which the user may sign in from then on, or no more.
 */
export interface EnrolmentRecord {
  readonly kind: 'enrolment'
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: 'opened' | 'enrolled'
  readonly purpose: 'first-administrator' | 'new-user' | 'reset' | 'change' | 'link' | 'unlink'
  /** Absent on `opened` for the first administrator, who chooses a name. */
  readonly user?: string
  /** Roles that the user has after it. */
  readonly roles: readonly string[]
  /** What is set anew: `password`, `factor`; of `link` and `unlink` the account, `UPSTREAM:SUBJECT`. */
  readonly sets: readonly string[]
  /** ARN of who asked for it; absent where it was a terminal. */
  readonly by?: string
  /** Milliseconds since the epoch: until when the link is good. */
  readonly expiresAt?: number
  /** On `enrolled`: from where. */
  readonly address?: string
}

/** A transmitter of shared signals told us something about somebody. State is a projection of these. */
export interface SignalRecord {
  readonly kind: 'signal'
  readonly at: number
  /** The stream's name in the manifest. */
  readonly stream: string
  /** The event's URI. */
  readonly event: string
  /** The event's own id: it may be sent again, and is applied once. */
  readonly id: string
  /** When it was issued, in seconds since the epoch. */
  readonly issuedAtSeconds: number
  /** Whom it is about: `user/okta:alice`, `device/d1`, …; none where it is about the stream itself. */
  readonly targets: readonly string[]
  /** Which of a person's devices, where the issuer's tokens do not name them. */
  readonly device?: string
  readonly risk?: 'low' | 'medium' | 'high'
  readonly compliant?: boolean
  readonly state?: 'alive' | 'silent'
}

/** A counted loss: what should have been recorded and could not be. */
export interface GapRecord {
  readonly kind: 'gap'
  readonly at: number
  readonly lost: number
  readonly cause: string
}
