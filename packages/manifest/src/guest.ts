import type { Position } from './position.ts'

/**
 * A policy of a guest engine (OPA, Cedar). It is asked before the decision, and its verdict is a fact which a guardrail
 * demands: a guest can only narrow.
 */
export interface Guest {
  /** `curfew` for `policies/curfew.wasm`; the facts that it states stand under this name. */
  readonly name: string
  readonly engine: 'opa' | 'cedar'
  /** Path as the manifest writes it. */
  readonly file: string
  /** The Wasm module, or the UTF-8 text of the Cedar policies: what runs is what was digested. */
  readonly bytes: Uint8Array
  /** SHA-256 of the file, hex. */
  readonly digest: string
  /** For OPA: the entrypoint that is evaluated, `sallyport/allow`. */
  readonly entrypoint: string
  /** For OPA: the JSON document `data`, as text. */
  readonly data?: { readonly file: string; readonly text: string; readonly digest: string }
  /** What it is asked about; empty means every request. */
  readonly asks: readonly GuestScope[]
  /** The functions under whose `policies` it stands, and of whose requests alone it is asked; absent means of all. */
  readonly of?: readonly string[]
  readonly deadlineMs: number
  readonly memoryMb: number
  readonly at: Position
}

/** A kind of requests (`routes`, `doors`, …), or one thing that may be asked for (`stripe.refund`). */
export interface GuestScope {
  /** As the manifest writes it. */
  readonly text: string
  /** `sallyport:UseDoor`, or `aws` for every action of AWS's. */
  readonly action: string
  /** An ARN; absent means any. */
  readonly resource?: string
}
