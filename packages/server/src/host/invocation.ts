import type { Grant, Subject } from '@sallyport/core/access'

/** One run of a function, from hand-over to answer. An exit from a box belongs to the one that is running then. */
export interface Invocation {
  /** 128 random bits in hex; the Lambda request id. A retry is another invocation. */
  readonly id: string
  readonly transaction: string
  /** The decision that admitted it; the parent of every decision made for its exits. */
  readonly decision: string
  readonly functionName: string
  /** The person on whose behalf it runs, if any. */
  readonly user?: Subject
  /** ARNs of the functions between the person and this one, outermost first, this one excluded. */
  readonly actors: readonly string[]
  /** Milliseconds since the epoch. */
  readonly deadline: number
  readonly grant: Grant
  /** The event as the function's platform would give it: UTF-8 JSON. */
  readonly event: Uint8Array
  /** Which box may serve it under `reuse: user`: subject, session and assurance, hashed. Empty for none. */
  readonly affinity: string
  /**
   * Hears of an answer that the function streams, as soon as its head is known, and must read its body to the end or
   * return from it: the invocation lasts as long. Without it a streamed answer is held until it is whole.
   */
  readonly onStream?: (answer: StreamedAnswer) => void
}

/** An answer whose body is still being made. Reading it rejects when the function fails midway. */
export interface StreamedAnswer {
  readonly status: number
  /** As in `FunctionAnswer`. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: AsyncIterableIterator<Uint8Array>
}

/** What a function answered. A throw, a hang, an exit are answers too, each with its own words. */
export type InvocationResult =
  /** The body is empty where `onStream` was told. */
  | { readonly kind: 'response'; readonly body: Uint8Array }
  | {
      readonly kind: 'error'
      /**
       * `function.threw`, `function.timed_out`, `function.exited`, `function.parser_ended`, `function.out_of_memory`,
       * `function.output_too_large`, `function.busy`, `function.init_failed`, `function.ticket_refused`
       */
      readonly code: string
      /** For the operator's log; never sent to a caller. */
      readonly message: string
    }

/** What whoever called is told of a call that failed: nothing that the function said. */
export function publicFailure(code: string): string {
  switch (code) {
    case 'function.busy':
      return 'As many calls of the function run and wait as may; try again shortly.'
    case 'function.timed_out':
      return 'The function did not answer in time.'
    case 'function.output_too_large':
      return 'The function answered with more than may be returned.'
    default:
      return 'The function did not answer properly.'
  }
}

/** What the ledger is told of it. Only words of our own: a function's may quote what nobody else should read. */
export function failureDetail({ code, message }: InvocationResult & { kind: 'error' }): string {
  const own = ['function.busy', 'function.timed_out', 'function.out_of_memory'].includes(code)
  const said = own ? message.split('\n', 1)[0] : ''
  return said === '' ? code : `${code}: ${said}`
}
