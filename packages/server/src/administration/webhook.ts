import type { NotificationRecord } from '@sallyport/core/access'

import type { ElevationRequest } from './elevation.ts'

/** What tells somebody outside of requests for elevation. */
export interface WebhookOptions {
  /** The address in the manifest in force; undefined tells nobody. */
  readonly address: () => string | undefined
  readonly nowMs: () => number
  readonly timeoutMs: number
  /** Takes what came of it; never waited for. */
  readonly record: (record: NotificationRecord) => void
}

/** A far side that does not answer may hold this many calls, and no more. */
const maxUnderWay = 16

/**
 * Posts the id, role, requester and reason of a request, and nothing else: whoever reads them there can approve nothing
 * without signing in here. Returns at once; a far side that fails or hangs is recorded and holds up nobody. It goes to
 * the address that was written down and follows no redirect.
 */
export function createWebhook(options: WebhookOptions): (request: ElevationRequest) => void {
  let underWay = 0
  return ({ id, role, subject: requester, reason }) => {
    const address = options.address()
    if (address === undefined) return
    const tell = (outcome: NotificationRecord['outcome'], detail: string): void => {
      const to = new URL(address).origin
      options.record({ kind: 'notification', at: options.nowMs(), request: id, to, outcome, detail })
    }
    if (underWay >= maxUnderWay) return tell('failed', 'too many calls under way')
    underWay++
    void fetch(address, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(options.timeoutMs),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id, role, requester, reason }),
    })
      .then(async (response) => {
        await response.body?.cancel()
        tell(response.ok ? 'delivered' : 'failed', `status ${response.status}`)
      })
      .catch((cause: unknown) => tell('failed', wordsOf(cause)))
      .finally(() => underWay--)
  }
}

/** The error's code or name; its message could quote the address. */
function wordsOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause
  if (inner instanceof Error && 'code' in inner) return String(inner.code)
  return inner instanceof Error ? inner.name : 'unknown'
}
