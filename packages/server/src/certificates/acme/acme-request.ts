import type { IncomingMessage } from 'node:http'
import { request as requestSecure } from 'node:https'

import { SallyportError } from '@sallyport/core/access'

/** What a certificate authority answered; `json` is empty where it sent none. */
export interface AcmeAnswer {
  readonly status: number
  readonly text: string
  readonly json: Readonly<Record<string, unknown>>
  readonly nonce: string | undefined
  readonly location: string | undefined
  readonly retryAfterMs: number
}

const maxAnswerBytes = 256 * 1024
/** However long it asks us to wait, we look again by then. */
const maxRetryAfterMs = 30_000

/** One request over TLS, and no redirect. Rejects with `acme.unavailable`. */
export function acmeRequest(
  address: string,
  options: { method: 'GET' | 'HEAD' | 'POST'; body?: string; caPem?: string; signal: AbortSignal },
): Promise<AcmeAnswer> {
  const { method, body, caPem, signal } = options
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      reject(new SallyportError('acme.unavailable', `${address} ${why}.`, { cause }))
    }
    if (!URL.canParse(address) || new URL(address).protocol !== 'https:') return fail('is no address with https')
    const request = requestSecure(address, {
      method,
      agent: false,
      signal,
      headers: { 'user-agent': 'sallyport', ...(body && { 'content-type': 'application/jose+json' }) },
      ...(caPem === undefined ? {} : { ca: caPem }),
    })
    request.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length <= maxAnswerBytes) return void chunks.push(chunk)
        fail(`sent more than ${maxAnswerBytes} bytes`)
        request.destroy()
      })
      response.on('error', (cause) => fail('ended in the middle', cause))
      response.on('end', () => resolve(answerOf(response, Buffer.concat(chunks).toString('utf8'))))
    })
    request.on('error', (cause) => fail('could not be asked', cause))
    request.end(body)
  })
}

function answerOf({ statusCode = 0, headers }: IncomingMessage, text: string): AcmeAnswer {
  const nonce = headers['replay-nonce']
  return {
    status: statusCode,
    text,
    json: jsonIn(text, headers['content-type'] ?? ''),
    nonce: typeof nonce === 'string' ? nonce : undefined,
    location: headers.location,
    retryAfterMs: Math.min(maxRetryAfterMs, 1_000 * Math.max(0, Number(headers['retry-after']) || 0)),
  }
}

/** Adversary: whoever answers in the authority's place; what is no object of JSON is none. */
function jsonIn(text: string, type: string): Readonly<Record<string, unknown>> {
  if (!/^application\/(?:problem\+)?json\b/.test(type)) return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {} // no JSON after all; whoever looks for a member says that it is missing
  }
}
