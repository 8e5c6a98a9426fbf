import type { IncomingMessage } from 'node:http'

import type { Reason } from '@sallyport/core/access'

import { doorReason } from './head.ts'

/** A whole body, or why there is none. `reserved` bytes are to be given back either way once the exit has ended. */
export type BodyRead =
  | { readonly kind: 'body'; readonly body: Uint8Array; readonly reserved: number }
  | { readonly kind: 'refused'; readonly reason: Reason; readonly reserved: number }

/** How much is read of one body, and for how long. `signal` is aborted at the end of the invocation. */
export interface BodyLimits {
  readonly signal: AbortSignal
  readonly maxBytes: number
  readonly timeoutMs: number
  /** Takes so many bytes of what the box may hold with us; false when there are no more. */
  readonly reserve: (bytes: number) => boolean
}

/**
 * The whole body of a request, or why there is none. A request whose body does not end is refused and recorded:
 * a half-sent request must not wait for the next person's invocation.
 */
export function readBody(message: IncomingMessage, limits: BodyLimits): Promise<BodyRead> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let size = 0
    const timer = setTimeout(
      () => refuse('exit.unfinished', 'The body of the request did not end in time.'),
      limits.timeoutMs,
    )
    const abort = (): void => refuse('exit.unfinished', 'The request was not complete when its invocation ended.')
    const finish = (result: BodyRead): void => {
      clearTimeout(timer)
      limits.signal.removeEventListener('abort', abort)
      message.removeAllListeners('data')
      resolve(result)
    }
    const refuse = (code: string, words: string): void =>
      finish({ kind: 'refused', reason: doorReason(code, words), reserved: size })

    if (limits.signal.aborted) return abort()
    limits.signal.addEventListener('abort', abort, { once: true })
    message.on('data', (part: Buffer) => {
      size += part.length
      const room = limits.reserve(part.length)
      if (!room || size > limits.maxBytes) {
        message.pause()
        return refuse('request.too_large', `A request body may hold ${limits.maxBytes} bytes at most.`)
      }
      parts.push(part)
    })
    message.once('end', () => finish({ kind: 'body', body: Buffer.concat(parts), reserved: size }))
    message.once('error', () => refuse('exit.unfinished', 'The connection broke before the request was complete.'))
    message.once('close', () => refuse('exit.unfinished', 'The connection closed before the request was complete.'))
  })
}
