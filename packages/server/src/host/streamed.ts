import type { InvocationResult } from './invocation.ts'

/** AWS's type for an answer whose body is preceded by its status and headers. */
const httpResponse = 'application/vnd.awslambda.http-integration-response'
/** Eight zero bytes end the prelude. */
const separator = Buffer.alloc(8)

/**
 * What a function streamed, once all of it is there, in the form in which others answer: API Gateway's format 2.0.
 * Adversary: the function, which may send any bytes under either type; what is no answer stays none, and says so.
 */
export function streamedResult(contentType: string, body: Buffer): InvocationResult {
  if (contentType !== httpResponse) {
    return response({ statusCode: 200, headers: { 'content-type': contentType } }, body)
  }
  const end = body.indexOf(separator)
  const prelude = end === -1 ? undefined : parsePrelude(body.subarray(0, end))
  if (prelude === undefined) {
    return { kind: 'error', code: 'function.threw', message: 'the streamed answer begins with no HTTP response' }
  }
  return response({ statusCode: 200, ...prelude }, body.subarray(end + separator.length))
}

function parsePrelude(bytes: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined // no JSON, so no prelude
  }
}

function response(head: object, body: Buffer): InvocationResult {
  const answer = JSON.stringify({ ...head, body: body.toString('base64'), isBase64Encoded: true })
  return { kind: 'response', body: Buffer.from(answer) }
}
