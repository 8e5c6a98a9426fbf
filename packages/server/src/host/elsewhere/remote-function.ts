import type { Elsewhere } from '@sallyport/manifest'

/** A function that runs on a machine which is not ours, as an engine needs to know it. */
export interface RemoteFunction<Where extends Elsewhere = Elsewhere> {
  readonly name: string
  readonly arn: string
  readonly timeoutMs: number
  /** Calls that are under way at once, at most. */
  readonly maxCalls: number
  /** Calls that may wait for one of those to end. */
  readonly maxWaiting: number
  readonly elsewhere: Where
}

/** One request to such a machine. The room behind `Send` resolves the name once, checks the address and pins it. */
export interface RemoteRequest {
  /** Requests with the same key share connections. */
  readonly pool: string
  readonly origin: string
  readonly privateUpstream: boolean
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** What it answered. A body that is not all bytes must be read to its end, or returned from. */
export interface RemoteAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
  /** Known once the body has ended. */
  readonly trailers: () => readonly (readonly [name: string, value: string])[]
}

/** Makes one request. Rejects with a `SallyportError` whose code is `upstream.…`; follows no redirect. */
export type Send = (request: RemoteRequest) => Promise<RemoteAnswer>
