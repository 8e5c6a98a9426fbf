import { fromFunctionResult } from './event.ts'
import type { Invocation, InvocationResult } from '../invocation.ts'

/** AWS's type for an answer whose body is preceded by its status and headers. */
export const httpResponse = 'application/vnd.awslambda.http-integration-response'
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
  if (prelude === undefined) return noHead
  return response({ statusCode: 200, ...prelude }, body.subarray(end + separator.length))
}

/** AWS Lambda's limit for a streamed answer. */
export const maxStreamedBytes: number = 200 * 1024 * 1024
const maxPreludeBytes = 64 * 1024
const noHead: InvocationResult = {
  kind: 'error',
  code: 'function.threw',
  message: 'the streamed answer begins with no HTTP response',
}
const done: InvocationResult = { kind: 'response', body: new Uint8Array() }

/**
 * Hands a streamed answer on while it is made, at the pace of whoever reads it. `failureOf` reads the trailers once
 * the body has ended. Resolves when the function has said all, also where nobody read on.
 */
export async function passOn(
  chunks: AsyncIterator<Buffer>,
  type = 'application/octet-stream',
  onStream: NonNullable<Invocation['onStream']>,
  failureOf: () => InvocationResult | undefined,
): Promise<InvocationResult> {
  const { head, rest } =
    type === httpResponse
      ? await readHead(chunks)
      : { head: { headers: { 'content-type': type } }, rest: Buffer.alloc(0) }
  const answer = head && fromFunctionResult(Buffer.from(JSON.stringify({ statusCode: 200, ...head, body: '' })))
  if (answer === undefined) {
    await readAway(chunks)
    return noHead
  }
  const { promise, resolve } = Promise.withResolvers<InvocationResult>()
  let [first, bytes]: [Buffer | undefined, number] = [rest, 0]
  const fail = (failure: InvocationResult & { kind: 'error' }): never => {
    resolve(failure)
    throw new Error(failure.message)
  }
  const body: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => body,
    next: async () => {
      const value = first
      first = undefined
      if (value !== undefined && value.length > 0) return { done: false, value }
      const next = await chunks.next()
      if (next.done === true) {
        const failure = failureOf()
        if (failure?.kind === 'error') fail(failure)
        resolve(done)
        return { done: true, value: undefined }
      }
      bytes += next.value.length
      if (bytes > maxStreamedBytes) {
        void readAway(chunks)
        fail({ kind: 'error', code: 'function.output_too_large', message: `more than ${maxStreamedBytes} bytes` })
      }
      return { done: false, value: next.value }
    },
    return: async () => {
      await readAway(chunks)
      resolve(failureOf() ?? done)
      return { done: true, value: undefined }
    },
  }
  onStream({ status: answer.status, headers: answer.headers, body })
  return promise
}

/** Status and headers, and what of the body came with them. */
async function readHead(chunks: AsyncIterator<Buffer>): Promise<{ head: object | undefined; rest: Buffer }> {
  let held = Buffer.alloc(0)
  for (let end = -1; held.length <= maxPreludeBytes; end = held.indexOf(separator)) {
    if (end !== -1) return { head: parsePrelude(held.subarray(0, end)), rest: held.subarray(end + separator.length) }
    const next = await chunks.next()
    if (next.done === true) break
    held = Buffer.concat([held, next.value])
  }
  return { head: undefined, rest: held }
}

/**
 * The function finishes what it has to say to nobody; a connection that breaks has ended as well. Adversary: one that
 * never finishes. Past so many bytes its connection ends.
 */
export async function readAway(chunks: AsyncIterator<Buffer>, maxBytes: number = maxStreamedBytes): Promise<void> {
  try {
    let bytes = 0
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      bytes += next.value.length
      if (bytes > maxBytes) return void (await chunks.return?.())
    }
  } catch {
    // The box is gone, and says so itself.
  }
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
