import { canonicalHeaders, canonicalPath, canonicalQuery } from './sigv4-canonical.ts'

/** A request as it stood on the wire, with its whole body. */
export interface SignedRequest {
  readonly method: string
  /** Path and query exactly as sent. */
  readonly target: string
  /** In the order sent, repeats included; names in any case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** What the verifier knows of an access key. */
export interface SigningCredential {
  readonly secretAccessKey: string
  /** When given, the request must carry and sign exactly this `x-amz-security-token`. */
  readonly sessionToken?: string
  /** Changes with every rotation, so that a cached signing key of the old secret is never found again. */
  readonly generation: string
}

/** Signing keys by credential generation and scope. Bounded: the scope is chosen by whoever signs. */
export type SigningKeys = Map<string, Uint8Array>

/**
 * What verification takes from outside: time and the two primitives, both synchronous. `signingKeys` keeps derived keys
 * from one request to the next; the caller owns it, and a map per listener keeps listeners apart.
 */
export interface SigV4Tools {
  readonly nowSeconds: number
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  readonly hmacSha256: (key: Uint8Array, bytes: Uint8Array) => Uint8Array
  readonly signingKeys?: SigningKeys
  /** False takes the path as it stands, as S3 does; by default only the service `s3` does. */
  readonly normalisePath?: boolean
}

/** AWS's own error codes, so that an SDK understands the refusal. */
export type SigV4Code =
  | 'MissingAuthenticationToken'
  | 'IncompleteSignature'
  | 'InvalidClientTokenId'
  | 'RequestTimeTooSkewed'
  | 'XAmzContentSHA256Mismatch'
  | 'SignatureDoesNotMatch'

/** Whose signature it is and for which region and service, or AWS's code for why it counts for nothing. */
export type SigV4Result =
  | { readonly ok: true; readonly accessKeyId: string; readonly region: string; readonly service: string }
  | { readonly ok: false; readonly code: SigV4Code; readonly message: string }

/** AWS accepts a quarter of an hour either way. */
const skewSeconds = 15 * 60
const cachedKeys = 64
const scopeForm = String.raw`(\d{8})/([a-z0-9-]{1,64})/([a-z0-9-]{1,64})/aws4_request`
const credentialForm = `Credential=([A-Za-z0-9_]{4,128})/${scopeForm}`
const headersForm = "SignedHeaders=([a-z0-9;:_.!#$%&'*+^`|~-]{1,4096})"
const authorizationForm = new RegExp(`^AWS4-HMAC-SHA256 ${credentialForm}, ?${headersForm}, ?Signature=([0-9a-f]{64})$`)
const utf8 = new TextEncoder()

/**
 * Verifies the header form of AWS Signature Version 4 ("Signature Version 4 signing process", AWS IAM User Guide).
 * Adversary: code that alters, replays or re-scopes a request signed by somebody else. Pure and synchronous.
 * Stricter than AWS in two points: every `x-amz-*` header must be signed, and the body is always hashed.
 */
export function verifySigV4(
  request: SignedRequest,
  lookup: (accessKeyId: string) => SigningCredential | undefined,
  tools: SigV4Tools,
): SigV4Result {
  const values = (name: string): readonly string[] =>
    request.headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value.trim())
  const authorization = values('authorization')
  if (authorization.length === 0) return refuse('MissingAuthenticationToken', 'no Authorization header')
  const form = authorizationForm.exec(authorization[0] ?? '')
  if (authorization.length > 1 || !form) return refuse('IncompleteSignature', 'one well-formed Authorization is needed')
  const [, accessKeyId = '', day = '', region = '', service = '', signedNames = '', signature = ''] = form

  const dates = values('x-amz-date')
  const date = dates[0] ?? ''
  const signedAt = parseDate(date)
  if (dates.length !== 1 || signedAt === undefined) return refuse('IncompleteSignature', 'one X-Amz-Date is needed')
  if (!date.startsWith(day)) return refuse('SignatureDoesNotMatch', 'the scope names another day than X-Amz-Date')
  if (Math.abs(tools.nowSeconds - signedAt) > skewSeconds) {
    return refuse('RequestTimeTooSkewed', 'signed more than 15 minutes from now')
  }

  const credential = lookup(accessKeyId)
  if (!credential) return refuse('InvalidClientTokenId', 'this access key is not known here')
  if (credential.sessionToken !== undefined) {
    const tokens = values('x-amz-security-token')
    if (tokens.length !== 1 || !equalBytes(utf8.encode(tokens[0]), utf8.encode(credential.sessionToken))) {
      return refuse('InvalidClientTokenId', 'the session token does not belong to this access key')
    }
  }

  const names = signedNames.split(';')
  const fault = faultInSignedNames(names, request.headers)
  if (fault !== undefined) return refuse('SignatureDoesNotMatch', fault)

  const bodyHash = hex(tools.sha256(request.body))
  const stated = values('x-amz-content-sha256')
  if (stated.length > 1 || (stated[0] !== undefined && stated[0] !== bodyHash)) {
    return refuse('XAmzContentSHA256Mismatch', 'x-amz-content-sha256 is not the hash of the body')
  }

  const [path, query] = splitTarget(request.target)
  const queryText = canonicalQuery(query)
  if (queryText === undefined) return refuse('SignatureDoesNotMatch', 'the query is not well encoded')
  const pathText = canonicalPath(path, tools.normalisePath ?? service !== 's3')
  if (pathText === undefined) return refuse('SignatureDoesNotMatch', 'the path is not well encoded')
  const canonical = [
    request.method,
    pathText,
    queryText,
    canonicalHeaders(names, request.headers),
    signedNames,
    bodyHash,
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', date, scope, hex(tools.sha256(utf8.encode(canonical)))].join('\n')

  // Only keys that verified something are kept, so a stranger cannot push out the others.
  const cacheKey = `${accessKeyId}/${credential.generation}/${scope}`
  const key = tools.signingKeys?.get(cacheKey) ?? signingKey(credential, day, region, service, tools)
  const expected = hex(tools.hmacSha256(key, utf8.encode(toSign)))
  if (!equalBytes(utf8.encode(expected), utf8.encode(signature))) {
    return refuse('SignatureDoesNotMatch', 'the signature is not the one of this request')
  }
  if (tools.signingKeys) remember(tools.signingKeys, cacheKey, key)
  return { ok: true, accessKeyId, region, service }
}

function refuse(code: SigV4Code, message: string): SigV4Result {
  return { ok: false, code, message }
}

function splitTarget(target: string): readonly [string, string] {
  const at = target.indexOf('?')
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)]
}

/** `20150830T123600Z` → seconds since the epoch; undefined for anything else, the 31st of February included. */
function parseDate(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!parts) return undefined
  const iso = `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:${parts[6]}.000Z`
  const time = Date.parse(iso)
  return Number.isNaN(time) || new Date(time).toISOString() !== iso ? undefined : time / 1000
}

function faultInSignedNames(names: readonly string[], headers: SignedRequest['headers']): string | undefined {
  if (names.some((name, index) => index > 0 && name <= (names[index - 1] ?? '')))
    return 'SignedHeaders are not in order'
  if (!names.includes('host') && !names.includes(':authority')) return 'host is not signed'
  const present = new Set(headers.map(([name]) => name.toLowerCase()))
  if (names.some((name) => !present.has(name))) return 'a signed header is missing'
  // The canonical request holds the body's hash in any case; every other x-amz-* header changes what is asked.
  const loose = [...present].find(
    (name) => name.startsWith('x-amz-') && name !== 'x-amz-content-sha256' && !names.includes(name),
  )
  return loose === undefined ? undefined : `${loose} is not signed`
}

function signingKey(
  credential: SigningCredential,
  day: string,
  region: string,
  service: string,
  tools: SigV4Tools,
): Uint8Array {
  let key = utf8.encode(`AWS4${credential.secretAccessKey}`) as Uint8Array
  for (const part of [day, region, service, 'aws4_request']) key = tools.hmacSha256(key, utf8.encode(part))
  return key
}

function remember(keys: SigningKeys, name: string, key: Uint8Array): void {
  keys.set(name, key)
  const oldest = keys.keys().next().value
  if (keys.size > cachedKeys && oldest !== undefined) keys.delete(oldest)
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Takes the same time wherever two texts of equal length differ. */
function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length
  for (let index = 0; index < one.length; index++) difference |= (one[index] ?? 0) ^ (other[index] ?? 0)
  return difference === 0
}
