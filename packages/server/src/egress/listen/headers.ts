import type { Door, DoorOperation } from '@sallyport/manifest'

import type { Head } from './head.ts'

/** Request headers that any door lets through: they say what is sent and wanted, not who sends it. */
const standard: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-language',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'range',
  'stripe-version',
  'user-agent',
])

/** Headers in which callers carry credentials. A function has none of its own; what it sends is not ours to pass. */
const credentials: ReadonlySet<string> = new Set([
  'api-key',
  'authorization',
  'cookie',
  'proxy-authorization',
  'x-api-key',
  'x-auth-token',
  'x-access-token',
])

/** RFC 9110 §7.6.1, and what only a direct neighbour may say. */
const hopByHop: ReadonlySet<string> = new Set([
  'alt-svc',
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Request headers for a door, and the names of the credentials that the caller sent and that were left behind. */
export function forwardedHeaders(
  { headers: given, protocol }: Pick<Head, 'headers' | 'protocol'>,
  door: Pick<Door, 'accept' | 'add'>,
  { idempotency }: Pick<DoorOperation, 'idempotency'>,
  idempotencyKey: string,
): { readonly headers: readonly (readonly [string, string])[]; readonly stripped: readonly string[] } {
  const stripped: string[] = []
  const headers: (readonly [string, string])[] = []
  for (const [name, value] of given) {
    if (credentials.has(name) || Object.hasOwn(door.add.headers, name)) stripped.push(name)
    else if (hopByHop.has(name)) continue
    else if (standard.has(name) || door.accept.includes(name) || name === idempotency) headers.push([name, value])
  }
  if (idempotency !== undefined && !given.has(idempotency)) headers.push([idempotency, idempotencyKey])
  // RFC 9113 §8.2.2: the one hop-by-hop word that HTTP/2 knows; without it no upstream sends trailers.
  if (protocol === '2' && given.get('te') === 'trailers') headers.push(['te', 'trailers'])
  // A secret can only be looked for in an answer that can be read.
  return { headers: [...headers, ['accept-encoding', 'identity']], stripped }
}

/** What a narrowed answer still says of itself: without these it could not be read. */
const always: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding'])

/**
 * Response headers, or trailers, for the function: those of the connection go, and so do cookies, which would be a
 * memory. With a list (`returns.headers`), only what is on it comes through.
 */
export function returnedHeaders(
  given: readonly (readonly [name: string, value: string])[],
  only?: readonly string[],
): readonly (readonly [string, string])[] {
  let named: readonly string[] = []
  for (const [name, value] of given) {
    if (name === 'connection' && value !== 'keep-alive') named = [...named, ...value.toLowerCase().split(/\s*,\s*/)]
  }
  return given.filter(
    ([name]) =>
      !hopByHop.has(name) &&
      !named.includes(name) &&
      !name.startsWith('set-cookie') &&
      (only === undefined || only.includes(name) || always.has(name)),
  )
}
