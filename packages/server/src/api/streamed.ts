import type { Grant } from '@sallyport/core/access'
import type { Outcome } from '@sallyport/core/enforcement'

import type { InvocationResult, StreamedAnswer } from '../host/index.ts'
import type { ApiAnswer, ApiStream } from './verb.ts'

/** How a grant is asked whether it still stands. */
export interface StandingGrants {
  readonly isCurrent: (grant: Grant) => boolean
  /** Tells once when it ends; what it gives back ends the listening. */
  readonly whenEnded: (grant: Grant, tell: () => void) => () => void
}

/** What a directly invoked function streams, while it makes it; `invoked` tells how that ended. */
export function streamedInvocation(answer: StreamedAnswer, invoked: Promise<InvocationResult>): ApiAnswer {
  const ended = invoked.then((result): Outcome => {
    const { status } = answer
    return result.kind === 'error' ? { outcome: 'failed', status, detail: result.code } : { outcome: 'done', status }
  })
  return { status: 200, body: {}, stream: { status: answer.status, body: answer.body, ended } }
}

/** The same, broken off where the right to it ends or its reader leaves, and what then is recorded. */
export function underGrant(
  { status, body, ended }: ApiStream,
  grant: Grant,
  { isCurrent, whenEnded }: StandingGrants,
): { readonly stream: ApiStream; readonly outcome: Promise<Outcome> } {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => undefined) // whoever reads hears of it
  const outcome = Promise.withResolvers<Outcome>()
  const abort = (detail: string): void => outcome.resolve({ outcome: 'aborted', status, detail })
  const end = (): void => {
    abort('grant.ended')
    reject(new Error('the right to this answer ended'))
    void body.return?.()
  }
  const release = whenEnded(grant, end)
  void ended.then(outcome.resolve)
  void outcome.promise.then(release)
  if (!isCurrent(grant)) end()
  const read: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => read,
    next: () => Promise.race([body.next(), promise]),
    return: async () => {
      abort('the caller left')
      await body.return?.()
      return { done: true, value: undefined }
    },
  }
  return { stream: { status, body: read, ended: outcome.promise }, outcome: outcome.promise }
}
