import type { AccessRequest, Layer, Reason } from './access-request.ts'

/** What the policy engine answered to one crossing of a door. A batch asks several; all must be allowed. */
export type Decision = Allow | Deny

/** Every request asked was allowed. Worth nothing by itself: only a receipt for it becomes a grant. */
export interface Allow {
  readonly effect: 'allow'
  /** The id of the first request asked: what `sallyport why` takes. */
  readonly id: string
  readonly asked: readonly [AccessRequest, ...AccessRequest[]]
  /** One per request asked: the statement that allowed it. */
  readonly reasons: readonly Reason[]
}

/** One request asked was refused, and with it the whole crossing. `id` is what `sallyport why` takes. */
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
