import type { UpstreamAnswer } from '../upstream/upstream-call.ts'

/**
 * What the thread of the embedded tables says, as the answer to the request of that number; undefined for what is none.
 * Adversary: a row that made something else of the code in the thread.
 */
export function readTablesAnswer(said: unknown): { readonly id: number; readonly answer: UpstreamAnswer } | undefined {
  if (typeof said !== 'object' || said === null || !('id' in said && 'status' in said && 'body' in said))
    return undefined
  const { id, status, body } = said
  if (typeof id !== 'number' || typeof body !== 'string') return undefined
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) return undefined
  const headers = [['content-type', 'application/x-amz-json-1.0'] as const]
  return { id, answer: { status, headers, body: Buffer.from(body), trailers: () => [], tls: 'none' } }
}
