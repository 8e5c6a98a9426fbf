import type { IncomingMessage } from 'node:http'

import type { Reason } from '@sallyport/core/access'

import { gatewayReason } from './request.ts'

/**
 * Reads at most `maxBytes`; `stated` is the length that the sender says. A longer body is a fault, and the rest is not
 * read. Adversary: an endless sender.
 */
export async function readBody(
  message: IncomingMessage,
  maxBytes: number,
  stated: string | undefined,
): Promise<{ readonly body: Uint8Array; readonly fault?: Reason }> {
  const tooLarge = {
    body: new Uint8Array(),
    fault: gatewayReason('request.too_large', `The body is larger than ${maxBytes} bytes.`),
  }
  if (Number(stated ?? 0) > maxBytes) return tooLarge
  const chunks: Buffer[] = []
  let length = 0
  // A listener loop instead of `for await`: leaving the latter early destroys the socket before the refusal is sent.
  return await new Promise((resolve, reject) => {
    message.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxBytes) return void chunks.push(chunk)
      message.pause()
      resolve(tooLarge)
    })
    message.on('end', () => resolve({ body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) }))
    message.on('error', reject)
    message.on('close', () => {
      if (!message.complete) reject(new Error('the client went away before its body was complete'))
    })
  })
}
