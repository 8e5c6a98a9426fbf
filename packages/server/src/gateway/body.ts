import type { IncomingMessage } from 'node:http'

import type { Reason } from '@sallyport/core/access'

import { gather, isTooFine } from '../host/index.ts'
import { gatewayReason } from './request.ts'

/** A body, or none and why. */
export interface ReadBody {
  readonly body: Uint8Array
  readonly fault?: Reason
}

/**
 * Reads at most `maxBytes`; `stated` is the length that the sender says. A longer body is a fault, and the rest is not
 * read. `hold` says whether so many bytes more may be held. Adversary: an endless sender, one that sends byte by byte,
 * and one that begins many bodies and ends none.
 */
export function readBody(
  message: IncomingMessage,
  maxBytes: number,
  stated: string | undefined,
  hold: (bytes: number) => boolean,
): Promise<ReadBody> {
  if (Number(stated ?? 0) > maxBytes) return Promise.resolve(tooLarge(maxBytes))
  const body = gather()
  let length = 0
  let parts = 0
  // A listener loop instead of `for await`: leaving the latter early destroys the socket before the refusal is sent.
  return new Promise((resolve, reject) => {
    message.on('data', (chunk: Buffer) => {
      length += chunk.length
      parts += 1
      const fits = length <= maxBytes && !isTooFine(parts, length)
      if (fits && hold(chunk.length)) return body.add(chunk)
      message.pause()
      resolve(fits ? tooMany : length > maxBytes ? tooLarge(maxBytes) : tooFine)
    })
    message.on('end', () => resolve({ body: body.whole() }))
    message.on('error', reject)
    message.on('close', () => {
      if (!message.complete) reject(new Error('the client went away before its body was complete'))
    })
  })
}

const none = new Uint8Array()
const tooFine: ReadBody = {
  body: none,
  fault: gatewayReason('request.too_fine', 'The body comes in parts of a few bytes each.'),
}
const tooMany: ReadBody = { body: none, fault: gatewayReason('gateway.flooded', 'Too many bodies come at one time.') }

function tooLarge(maxBytes: number): ReadBody {
  return { body: none, fault: gatewayReason('request.too_large', `The body is larger than ${maxBytes} bytes.`) }
}
