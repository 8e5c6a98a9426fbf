import type { Context, Deny, Durability, Grant, Reason } from '@sallyport/core/access'
import type { Passed } from '@sallyport/core/enforcement'
import type { SeenExit } from '@sallyport/manifest'

import type { Invocation } from '../host/index.ts'
import type { Box } from './box.ts'

/** One way out, as far as it is known before anything is decided. */
export interface Exit<Response> {
  readonly box: Box
  /** The invocation that was running when the request's head was complete. */
  readonly invocation: Invocation | undefined
  readonly asks: readonly [ExitAsk, ...ExitAsk[]]
  readonly refusal?: Reason
  /** How durable the record of an allowed crossing must be; a refused one has no effect to outlive. */
  readonly durability: Durability
  readonly upstream?: { readonly host: string; readonly tls: string }
  /** A refusal that counts only for those who would be allowed: strangers do not learn what is missing. */
  readonly lack?: () => Promise<Reason | undefined>
  readonly refuse: (decision: Deny) => Response
  readonly pass: (grant: Grant) => Promise<Passed<Response>>
}

/** Who asked, and for what, as far as neither has a part in what is decided. */
export interface Asking {
  /** The npm package whose code asked, as far as the code itself tells: advisory, and asked for refusals only. */
  readonly askedBy?: () => Promise<string | undefined>
  /** What was asked for, in words of HTTP: for `learn` alone, and absent where nothing is recorded for it. */
  readonly wanted?: Pick<SeenExit, 'method' | 'url' | 'dropped'>
}

/** One of the things that a way out asks for; a batch asks for several, and all must be allowed. */
export interface ExitAsk {
  /** `sallyport:UseDoor`, `sallyport:InvokeFunction`, or the AWS action: `dynamodb:PutItem`. */
  readonly action: string
  /** The ARN of what it acts on. */
  readonly resource: string
  /** Facts of this one request that its policy may ask for, such as the leading keys of a table call. */
  readonly context?: Context
}
