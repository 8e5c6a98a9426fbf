import type { AccessRequest, Layer, Reason } from './access-request.ts'

/** What the policy engine answered to one crossing of a door. A batch asks several; all must be allowed. */
export type Decision = Allow | Deny

export interface Allow {
  readonly effect: 'allow'
  /** The id of the first request asked: what `sallyport why` takes. */
  readonly id: string
  readonly asked: readonly [AccessRequest, ...AccessRequest[]]
  /** One per request asked: the statement that allowed it. */
  readonly reasons: readonly Reason[]
}

export interface Deny {
  readonly effect: 'deny'
  readonly id: string
  readonly asked: readonly [AccessRequest, ...AccessRequest[]]
  /** True when a statement said Deny; false when nothing said Allow. */
  readonly explicit: boolean
  readonly layer: Layer
  /** The deciding reason first. */
  readonly reasons: readonly [Reason, ...Reason[]]
}
