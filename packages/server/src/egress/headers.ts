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
  given: ReadonlyMap<string, string>,
  door: { readonly accept: readonly string[]; readonly add: Readonly<Record<string, string>> },
): { readonly headers: readonly (readonly [string, string])[]; readonly stripped: readonly string[] } {
  const added = new Set(Object.keys(door.add).map((name) => name.toLowerCase()))
  const stripped: string[] = []
  const headers: (readonly [string, string])[] = []
  for (const [name, value] of given) {
    if (credentials.has(name) || added.has(name)) stripped.push(name)
    else if (!hopByHop.has(name) && (standard.has(name) || door.accept.includes(name))) headers.push([name, value])
  }
  // A secret can only be looked for in an answer that can be read.
  return { headers: [...headers, ['accept-encoding', 'identity']], stripped }
}

/** Response headers for the function: those of the connection go, and so do cookies, which would be a memory. */
export function returnedHeaders(
  given: readonly (readonly [name: string, value: string])[],
): readonly (readonly [string, string])[] {
  const named = given
    .filter(([name]) => name === 'connection')
    .flatMap(([, value]) => value.toLowerCase().split(/\s*,\s*/))
  return given.filter(([name]) => !hopByHop.has(name) && !named.includes(name) && !name.startsWith('set-cookie'))
}
