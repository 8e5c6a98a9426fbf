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
 */
export function toApiGatewayEvent(call: FunctionCall): Uint8Array {
  const cookie = call.headers.get('cookie')
  const headers = Object.fromEntries(call.headers)
  if (cookie !== undefined) delete headers['cookie']
  const text = textOf(call)
  const domainName = call.domainName ?? call.headers.get('host') ?? ''
  // What is undefined is not written: objects of one shape for all calls cost half of what spread ones do.
  return Buffer.from(
    JSON.stringify({
      version: '2.0',
      routeKey: call.routeKey,
      rawPath: call.path,
      rawQueryString: call.query,
      cookies: cookie?.split(/; */),
      headers,
      queryStringParameters: queryParameters(call.query),
      requestContext: {
        accountId: 'anonymous',
        apiId: 'sallyport',
        authorizer: authorizerOf(call),
        domainName,
        domainPrefix: domainName.split('.', 1)[0],
        http: {
          method: call.method,
          path: call.path,
          protocol: 'HTTP/1.1',
          sourceIp: call.sourceIp,
          userAgent: call.headers.get('user-agent') ?? '',
        },
        requestId: call.requestId,
        routeKey: call.routeKey,
        stage: '$default',
        time: httpDate(call.receivedAt),
        timeEpoch: call.receivedAt,
      },
      body: call.body.length === 0 ? undefined : (text ?? Buffer.from(call.body).toString('base64')),
      pathParameters: hasAny(call.pathParameters) ? call.pathParameters : undefined,
      isBase64Encoded: text === undefined,
    }),
  )
}

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
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
  if (!isRecord(value) || value['statusCode'] === undefined) {
    // As it came: writing it anew has no stack for what nests deep enough.
    const body = typeof value === 'string' ? value : text
    return { status: 200, headers: [['content-type', 'application/json']], body: Buffer.from(body) }
  }
  const status = Number(value['statusCode'])
  const { cookies = [], isBase64Encoded = false } = value
  const [headers, body] = [value['headers'] ?? {}, value['body'] ?? ''] // null is what format 1.0 has for none
  if (!Number.isInteger(status) || status < 200 || status > 599 || !isRecord(headers)) return undefined
  if (!Array.isArray(cookies) || typeof body !== 'string' || typeof isBase64Encoded !== 'boolean') return undefined
  const multiple = severalOf(value['multiValueHeaders'])
  if (multiple === undefined) return undefined
  const pairs: [string, string][] = []
  const several = new Set(multiple.map(([name]) => name.toLowerCase()))
  const given: readonly (readonly [string, unknown])[] = [
    ...Object.entries(headers).filter(([name]) => !several.has(name.toLowerCase())),
    ...multiple,
    ...cookies.map((cookie: unknown) => ['set-cookie', cookie] as const),
  ]
  for (const [name, content] of given) {
    if (!['string', 'number', 'boolean'].includes(typeof content)) return undefined
    const said = String(content)
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(said)) return undefined
    if (!framing.has(name.toLowerCase()) && !ofOurs.test(name)) pairs.push([name.toLowerCase(), said])
  }
  if (!pairs.some(([name]) => name === 'content-type')) pairs.push(['content-type', 'text/plain;charset=utf-8'])
  return { status, headers: pairs, body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') }
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
const ofOurs = /^(?:x-sallyport-.*|dpop-nonce)$/i

/** The same for all within a second, and more costly than the rest of an event's head. */
function httpDate(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds !== latest.seconds) latest = { seconds, text: new Date(ms).toUTCString() }
  return latest.text
}

let latest = { seconds: -1, text: '' }

function authorizerOf({ user, caller, transaction }: FunctionCall): object {
  const lambda = { transaction, caller, user: user?.name, roles: user?.roles }
  return user === undefined ? { lambda } : { jwt: { claims: claimsOf(user), scopes: [] }, lambda }
}

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
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** Repeated names are joined by comma, as format 2.0 does. */
function queryParameters(query: string): Readonly<Record<string, string>> | undefined {
  if (query === '') return undefined
  const parameters = new URLSearchParams(query)
  return Object.fromEntries([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name).join(',')]))
}

function hasAny(record: Readonly<Record<string, unknown>>): boolean {
  for (const name in record) if (Object.hasOwn(record, name)) return true
  return false
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
