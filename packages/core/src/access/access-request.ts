import type { Subject } from './subject.ts'

/** A fact that a policy condition may ask for. An absent key is absent; it is never an empty string. */
export type ContextValue = string | number | boolean | readonly string[]

/** Context keys to values. Keys are compared without regard to case (IAM); see `context-keys.ts` for ours. */
export type Context = Readonly<Record<string, ContextValue>>

/** One question: may this subject do this action on this resource, given these facts? */
export interface AccessRequest {
  /** 128 random bits in lower-case hex: what `sallyport why` takes. */
  readonly id: string
  /** Shared by everything that one outside request caused, over all hops. */
  readonly transaction: string
  /** The decision that admitted the invocation from which this request comes; absent at the edge. */
  readonly parent?: string
  readonly subject: Subject
  /** IAM form: `sallyport:CallRoute`, `sallyport:InvokeFunction`, `sallyport:UseDoor`, `dynamodb:PutItem`. */
  readonly action: string
  /** An ARN, AWS's or ours (DESIGN §3). */
  readonly resource: string
  /** The account that owns the resource, where its ARN does not say it, as an S3 bucket's does not. */
  readonly resourceAccount?: string
  readonly context: Context
  /** The functions between the person and this request, outermost first, as ARNs. */
  readonly actors: readonly string[]
  /** The person on whose behalf this runs; absent when there is none. */
  readonly user?: Subject
  /** A refusal that was certain before any policy was asked (bad credential, unlisted door, malformed request). */
  readonly refusal?: Reason
}

/**
 * The layer that decided, outermost first. `door` is what a door or the gateway refuses without any policy; the others
 * are IAM's (IAM, "Policy evaluation logic"), `guardrail` being the zones of a manifest.
 */
export type Layer = (typeof layers)[number]

/** Every layer there is, in the order in which they are asked. */
export const layers = [
  'door',
  'guardrail',
  'resource-control',
  'service-control',
  'endpoint',
  'resource',
  'identity',
  'boundary',
  'session',
] as const

/** One reason of a decision, in the same words for the caller's log, the ledger and the terminal. */
export interface Reason {
  /** Stable and documented in docs/errors.md: `policy.implicit_deny`, `door.unlisted`, `token.expired`. */
  readonly code: string
  readonly layer: Layer
  readonly message: string
  /** The Sid of the statement that matched, or of the one that came nearest. */
  readonly rule?: string
  /** Where that rule stands: `sallyport.yaml:31:7`. */
  readonly at?: string
  /** One line that would allow it, ready to paste: a command, or a line of the manifest. */
  readonly fix?: string
}
