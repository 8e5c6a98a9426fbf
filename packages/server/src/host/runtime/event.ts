import type { Subject } from '@sallyport/core/access'

/** One call of a function, from outside or from another function, before it is put into its platform's form. */
export interface FunctionCall {
  /** `POST /orders/:id/refund`, or `POST /charge` for an offered operation. */
  readonly routeKey: string
  readonly method: string
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  /** Lower-case names; credentials are already gone. */
  readonly headers: ReadonlyMap<string, string>
  readonly pathParameters: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly sourceIp: string
  /** The invocation's id. */
  readonly requestId: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly transaction: string
  /** The person on whose behalf it runs. */
  readonly user?: Subject
  /** ARN of the calling function; absent at the edge. */
  readonly caller?: string
  /** Host that the caller named. */
  readonly domainName?: string
}

/** An HTTP answer, as a function's result stands for it. */
export interface FunctionAnswer {
  readonly status: number
  /** Lower-case names; `set-cookie` once per cookie. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

const textual =
  /^(text\/|application\/((json|xml|javascript|x-www-form-urlencoded|graphql)\b|[a-z0-9.+-]+\+(json|xml)\b))/i
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The event of API Gateway's HTTP API, payload format 2.0, as UTF-8 JSON. Verified claims stand where AWS puts
 * them: a person's under `authorizer.jwt.claims`, and what we vouch for ourselves under `authorizer.lambda`.
 * It is made for every request and written as text: objects made only to be written cost twice as much. Whatever came
 * from outside goes in by `quoted` alone, or a caller could end a text and say what follows.
 */
export function toApiGatewayEvent(call: FunctionCall): Uint8Array {
  const { headers, receivedAt } = call
  const [path, method, routeKey] = [quoted(call.path), quoted(call.method), quoted(call.routeKey)]
  const domainName = call.domainName ?? headers.get('host') ?? ''
  const prefixEnd = domainName.search(/[.:]/)
  const domainPrefix = prefixEnd < 0 ? domainName : domainName.slice(0, prefixEnd)
  const http =
    `{"method":${method},"path":${path},"protocol":"HTTP/1.1","sourceIp":${quoted(call.sourceIp)},` +
    `"userAgent":${quoted(headers.get('user-agent') ?? '')}}`
  const context =
    `{"accountId":"anonymous","apiId":"sallyport","authorizer":${authorizerOf(call)},` +
    `"domainName":${quoted(domainName)},"domainPrefix":${quoted(domainPrefix)},"http":${http},` +
    `"requestId":${quoted(call.requestId)},"routeKey":${routeKey},"stage":"$default",` +
    `"time":"${httpDate(receivedAt)}","timeEpoch":${receivedAt}}`
  return Buffer.from(
    `{"version":"2.0","routeKey":${routeKey},"rawPath":${path},"rawQueryString":${quoted(call.query)},` +
      `${cookiesOf(headers)}"headers":${headersOf(headers)},${queryOf(call.query)}"requestContext":${context},` +
      `${bodyOf(call)}}`,
  )
}

/** A text as JSON. Most are short and hold nothing that JSON writes otherwise, which is sooner seen than written. */
function quoted(text: string): string {
  if (text.length > 64) return JSON.stringify(text)
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return JSON.stringify(text)
  }
  return `"${text}"`
}

function headersOf(headers: FunctionCall['headers']): string {
  let members = ''
  for (const [name, value] of headers) {
    if (name === 'cookie') continue
    members += `${members === '' ? '' : ','}${quoted(name)}:${quoted(value)}`
  }
  return `{${members}}`
}

function cookiesOf(headers: FunctionCall['headers']): string {
  const cookie = headers.get('cookie')
  return cookie === undefined ? '' : `"cookies":${JSON.stringify(cookie.split(/; */))},`
}

function bodyOf(call: FunctionCall): string {
  const text = textOf(call)
  let members = ''
  for (const [name, value] of Object.entries(call.pathParameters)) {
    members += `${members === '' ? '' : ','}${quoted(name)}:${quoted(value)}`
  }
  const parameters = members === '' ? '' : `"pathParameters":{${members}},`
  const body = call.body.length === 0 ? '' : `"body":${quoted(text ?? Buffer.from(call.body).toString('base64'))},`
  return `${parameters}${body}"isBase64Encoded":${text === undefined}`
}

/** More than any client reads; a million of them would be written by the thread that serves everybody. */
const maxFields = 1_000

/**
 * What a function's result means as HTTP ("Lambda function response for format 2.0", API Gateway Developer Guide):
 * an object with `statusCode` says so itself; anything else is a body of JSON with status 200.
 * What formats 1.0 and the load balancer have beside it is understood too. Undefined when it says `statusCode` but the
 * rest does not fit. Adversary: the function, through header injection.
 */
export function fromFunctionResult(result: Uint8Array): FunctionAnswer | undefined {
  let text: string
  let value: unknown
  try {
    text = utf8.decode(result)
    value = JSON.parse(text)
  } catch {
    return undefined // no UTF-8, or no JSON
  }
  if (!isRecord(value) || value['statusCode'] === undefined) {
    // As it came: writing it anew has no stack for what nests deep enough.
    const body = typeof value === 'string' ? Buffer.from(value) : result
    return { status: 200, headers: [['content-type', 'application/json']], body }
  }
  const status = Number(value['statusCode'])
  const { cookies = [], isBase64Encoded = false } = value
  const [headers, body] = [value['headers'] ?? {}, value['body'] ?? ''] // null is what format 1.0 has for none
  if (!Number.isInteger(status) || status < 200 || status > 599 || !isRecord(headers)) return undefined
  if (!Array.isArray(cookies) || typeof body !== 'string' || typeof isBase64Encoded !== 'boolean') return undefined
  const multiple = severalOf(value['multiValueHeaders'])
  if (multiple === undefined) return undefined
  const pairs: [string, string][] = []
  const several = multiple.length === 0 ? undefined : new Set(multiple.map(([name]) => name.toLowerCase()))
  for (const [name, content] of Object.entries(headers)) {
    if (several?.has(name.toLowerCase()) !== true && !take(pairs, name, content)) return undefined
  }
  for (const [name, content] of multiple) if (!take(pairs, name, content)) return undefined
  for (const cookie of cookies as readonly unknown[]) if (!take(pairs, 'set-cookie', cookie)) return undefined
  if (pairs.length > maxFields) return undefined
  if (!pairs.some(([name]) => name === 'content-type')) pairs.push(['content-type', 'text/plain;charset=utf-8'])
  return { status, headers: pairs, body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') }
}

/** Takes one header of a result, unless it is of the connection or ours to say. False where it can be none. */
function take(pairs: [string, string][], name: string, content: unknown): boolean {
  if (typeof content !== 'string' && typeof content !== 'number' && typeof content !== 'boolean') return false
  const said = String(content)
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(said)) return false
  const lower = name.toLowerCase()
  if (!framing.has(lower) && !ofOurs.test(lower)) pairs.push([lower, said])
  return true
}

/**
 * `multiValueHeaders`, which payload format 1.0 and load balancers have beside `headers`, and before them where both
 * name one. Undefined where it is something else.
 */
function severalOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (value === undefined || value === null) return []
  if (!isRecord(value)) return undefined
  const entries = Object.entries(value)
  if (!entries.every(([, values]) => Array.isArray(values))) return undefined
  return entries.flatMap(([name, values]) => (values as readonly unknown[]).map((one) => [name, one] as const))
}

/** Headers that describe one connection; a function has none. */
const framing: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What we say ourselves with an answer: which decision it was, and what the next proof must hold. */
const ofOurs = /^(?:x-sallyport-.*|dpop-nonce)$/

/** The same for all within a second, and more costly than the rest of an event's head. */
function httpDate(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds !== latest.seconds) latest = { seconds, text: new Date(ms).toUTCString() }
  return latest.text
}

let latest = { seconds: -1, text: '' }

function authorizerOf({ user, caller, transaction }: FunctionCall): string {
  const ofCaller = caller === undefined ? '' : `,"caller":${quoted(caller)}`
  const ours = `"transaction":${quoted(transaction)}${ofCaller}`
  if (user === undefined) return `{"lambda":{${ours}}}`
  const known = authorized.get(user) ?? authorizedAs(user)
  authorized.set(user, known)
  return `{"jwt":${known.jwt},"lambda":{${ours},${known.lambda}}}`
}

/** What an authorizer says of a person, as JSON: the same at every call. */
interface Authorized {
  readonly jwt: string
  /** Members, without braces. */
  readonly lambda: string
}

function authorizedAs(user: Subject): Authorized {
  return {
    jwt: JSON.stringify({ claims: claimsOf(user), scopes: [] }),
    lambda: `"user":${quoted(user.name)},"roles":${JSON.stringify(user.roles)}`,
  }
}

const authorized = new WeakMap<Subject, Authorized>()

type Claims = Readonly<Record<string, string | undefined>>

/** Claims of the verified token; API Gateway makes every value a string. The same for one subject at every call. */
export function claimsOf(user: Subject): Claims {
  const known = claims.get(user)
  if (known !== undefined) return known
  const { authentication } = user
  const made = {
    sub: user.name,
    'cognito:groups': listed(user.roles),
    iss: user.issuer,
    sid: user.sessionId,
    amr: authentication && listed(authentication.methods),
    auth_time: authentication && String(authentication.authenticatedAtSeconds),
    exp: authentication && String(authentication.expiresAtSeconds),
  }
  claims.set(user, made)
  return made
}

const claims = new WeakMap<Subject, Claims>()

/**
 * A list as one text, as API Gateway writes it. Adversary: whoever may name a group at an issuer, "no admin" for
 * instance, which read by its spaces is two. What cannot stand in such a list is left out.
 */
function listed(names: readonly string[]): string {
  return `[${names.filter((name) => /^[^\s[\],]+$/.test(name)).join(' ')}]`
}

/** The body as text where it is text by its type and by its bytes; undefined where it is not. */
export function textOf(call: FunctionCall): string | undefined {
  if (call.body.length === 0) return ''
  if (!textual.test(call.headers.get('content-type') ?? '')) return undefined
  try {
    return utf8.decode(call.body)
  } catch {
    return undefined // no UTF-8
  }
}

/** Repeated names are joined by comma, as format 2.0 does. */
function queryOf(query: string): string {
  if (query === '') return ''
  const parameters = new URLSearchParams(query)
  const pairs = [...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name).join(',')] as const)
  return `"queryStringParameters":${JSON.stringify(Object.fromEntries(pairs))},`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
