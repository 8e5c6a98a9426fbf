import { decodeBase64url } from '@sallyport/core/identity'
import { isObject, type JsonObject, parseStrictObject } from '@sallyport/core/json'

/** A signed request that has the one form in which it proves something, ready to be sent on. */
export interface CallerIdentityRequest {
  readonly kind: 'request'
  readonly host: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** Why it was not sent on; stable, documented in docs/errors.md. */
export type CallerIdentityCode =
  | 'caller-identity.malformed'
  | 'caller-identity.host'
  | 'caller-identity.header'
  | 'caller-identity.unsigned_header'
  | 'caller-identity.audience'
  | 'caller-identity.other_key'
  | 'caller-identity.expired'

/** What a signed request must agree with. */
export interface CallerIdentityExpectations {
  readonly audience: string
  /** Thumbprint of the key or certificate that the token will be bound to. */
  readonly confirmation: string
  /** `sts.eu-central-1.amazonaws.com`, … */
  readonly hosts: ReadonlySet<string>
  readonly nowSeconds: number
}

const maxLength = 8_192
const maxAgeSeconds = 300
const action = 'Action=GetCallerIdentity&Version=2011-06-15'
const audienceHeader = 'x-sallyport-audience'
const keyHeader = 'x-sallyport-key'
/** Each must be covered by the signature: without one, the request could be one that was made for somebody else. */
const signed = ['host', 'x-amz-date', audienceHeader, keyHeader]
const allowed: ReadonlySet<string> = new Set([
  ...signed,
  'authorization',
  'content-type',
  'content-length',
  'x-amz-content-sha256',
  'x-amz-security-token',
])
const scopeForm = String.raw`Credential=[A-Za-z0-9]{16,128}/(\d{8})/([a-z0-9-]{1,32})/sts/aws4_request`
const authorizationForm = new RegExp(
  `^AWS4-HMAC-SHA256 ${scopeForm}, ?SignedHeaders=([a-z0-9;-]{1,1024}), ?Signature=[0-9a-f]{64}$`,
)

/**
 * Reads what a caller signed for AWS: base64url of `{ "headers": { … }, "body": "Action=GetCallerIdentity…" }`, a POST
 * to `/` of the STS host that its Host header names. Adversary: whoever would have us send AWS, or somebody else, a
 * request of their making; and who brings a request that another service was shown.
 */
export function readCallerIdentity(
  token: string,
  expected: CallerIdentityExpectations,
): CallerIdentityRequest | { readonly kind: 'refused'; readonly code: CallerIdentityCode } {
  const refuse = (code: CallerIdentityCode) => ({ kind: 'refused', code }) as const
  const headers = readMembers(token)
  if (headers === undefined) return refuse('caller-identity.malformed')
  if (headers.size === 0 || [...headers.keys()].some((name) => !allowed.has(name)))
    return refuse('caller-identity.header')
  const host = headers.get('host') ?? ''
  if (!expected.hosts.has(host)) return refuse('caller-identity.host')
  const [, day, region, list = ''] = authorizationForm.exec(headers.get('authorization') ?? '') ?? []
  if (day === undefined || !host.startsWith(`sts.${region ?? ''}.`)) return refuse('caller-identity.malformed')
  const names = list.split(';')
  if (!signed.every((name) => names.includes(name))) return refuse('caller-identity.unsigned_header')
  if (headers.get(audienceHeader) !== expected.audience) return refuse('caller-identity.audience')
  if (headers.get(keyHeader) !== expected.confirmation) return refuse('caller-identity.other_key')
  const date = headers.get('x-amz-date') ?? ''
  const at = readDate(date)
  if (at === undefined || !date.startsWith(day)) return refuse('caller-identity.malformed')
  if (Math.abs(expected.nowSeconds - at) > maxAgeSeconds) return refuse('caller-identity.expired')
  return { kind: 'request', host, headers: [...headers], body: action }
}

/** Header names in lower case, each once; undefined unless the whole is exactly of the one form. */
function readMembers(token: string): ReadonlyMap<string, string> | undefined {
  const bytes = token.length > maxLength ? undefined : decodeBase64url(token)
  const members = bytes === undefined ? undefined : parseStrictObject(bytes)
  if (members === undefined || Object.keys(members).toSorted().join() !== 'body,headers') return undefined
  const { body, headers } = members
  return body === action && isObject(headers) ? readHeaders(headers) : undefined
}

function readHeaders(headers: JsonObject): ReadonlyMap<string, string> | undefined {
  const read = new Map<string, string>()
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (typeof value !== 'string' || !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return undefined
    if (read.has(lower)) return undefined
    read.set(lower, value)
  }
  return read
}

/** `20261128T174500Z`, in seconds since the epoch. */
function readDate(text: string): number | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  const [year, month, day, hour, minute, second] = parts
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(at) ? undefined : at / 1_000
}

/**
 * The role behind AWS's answer, `arn:aws:iam::ACCOUNT:role/NAME`; undefined for users, the root of an account and
 * whatever is no answer. Adversary: none but a mistake; the answer came from the address that was written down.
 */
export function roleOf(answer: Uint8Array): string | undefined {
  const { GetCallerIdentityResponse: response } = parseStrictObject(answer) ?? {}
  const result = isObject(response) ? response['GetCallerIdentityResult'] : undefined
  const arn = isObject(result) ? result['Arn'] : undefined
  const account = isObject(result) ? result['Account'] : undefined
  const form = /^arn:(aws(?:-[a-z]+)*):sts::(\d{12}):assumed-role\/([\w+=,.@-]{1,64})\/[\w+=,.@-]{2,64}$/
  const [, partition, owner, role] = typeof arn === 'string' ? (form.exec(arn) ?? []) : []
  return role === undefined || owner !== account ? undefined : `arn:${partition}:iam::${owner}:role/${role}`
}
