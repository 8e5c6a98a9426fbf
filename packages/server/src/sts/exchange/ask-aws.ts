import { type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'

import { SallyportError } from '@sallyport/core/access'

import type { CallerIdentityRequest } from './caller-identity.ts'

const timeoutMs = 5_000
const maxAnswerBytes = 16_384

/**
 * Sends a signed request to the endpoint that the manifest gives for its host, and nowhere else: no redirect is
 * followed. Resolves with AWS's answer in JSON, undefined where AWS says no; rejects with
 * `caller-identity.unavailable` where there is no answer.
 */
export function askAws({ headers, body }: CallerIdentityRequest, endpoint: string): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      reject(new SallyportError('caller-identity.unavailable', `${endpoint} ${why}.`, { cause }))
      request.destroy()
    }
    const address = new URL('/', endpoint)
    const send = address.protocol === 'https:' ? requestSecure : requestPlain
    const sent = headers.filter(([name]) => name !== 'content-length')
    const request = send(address, {
      method: 'POST',
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      headers: { ...Object.fromEntries(sent), accept: 'application/json', 'content-length': body.length },
    })
    request.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > maxAnswerBytes) return fail(`sent more than ${maxAnswerBytes} bytes`)
        chunks.push(chunk)
      })
      response.on('error', (cause) => fail('ended in the middle', cause))
      response.on('end', () => {
        const { statusCode = 0 } = response
        if (statusCode >= 500 || statusCode === 429) return fail(`answered with status ${statusCode}`)
        resolve(statusCode === 200 ? Buffer.concat(chunks) : undefined)
      })
    })
    request.on('error', (cause) => fail('could not be asked', cause))
    request.end(body)
  })
}
