/** What an API Gateway HTTP API hands to a function (payload format 2.0): the few fields that the checkout reads. */
export interface Event {
  /** `POST /charge`: which operation was called. */
  readonly routeKey: string
  readonly body?: string
  readonly isBase64Encoded?: boolean
  readonly requestContext: {
    /** The signed-in person's claims, verified before this code runs. */
    readonly authorizer?: { readonly jwt?: { readonly claims?: Readonly<Record<string, unknown>> } }
  }
}

/** What a function answers. */
export interface Reply {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The answer as JSON. */
export function reply(statusCode: number, value: unknown): Reply {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

/** The request's JSON body; an empty object when there is none. The caller's function made it, a schema checked it. */
export function bodyOf<Body>(event: Event): Partial<Body> {
  const text = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString() : (event.body ?? '')
  // Parse boundary: only our own functions reach this one, and every field is still checked where it is used.
  return text === '' ? {} : (JSON.parse(text) as Partial<Body>)
}

/** The short name of the person on whose behalf this runs; undefined when there is none. */
export function signedInUser(event: Event): string | undefined {
  const subject = event.requestContext.authorizer?.jwt?.claims?.['sub']
  return typeof subject === 'string' ? subject : undefined
}

/** Calls another function. Its name is its address; whether this one may call it is decided on the way. */
export function call(functionName: string, operation: string, body: unknown): Promise<Response> {
  return fetch(`http://${functionName}.fn.internal/${operation}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** Another function's refusal or failure, handed on as it came: the caller learns the code, the reason and the id. */
export async function passOn(answer: Response): Promise<Reply> {
  return {
    statusCode: answer.status,
    headers: { 'content-type': answer.headers.get('content-type') ?? 'application/json' },
    body: await answer.text(),
  }
}

/** The refusal behind an AWS SDK error, for the caller; undefined for any other error. */
export function refusalOf(error: unknown): Reply | undefined {
  if (!(error instanceof Error) || error.name !== 'AccessDeniedException') return undefined
  const id = '$metadata' in error ? (error.$metadata as { readonly requestId?: string }).requestId : undefined
  return reply(403, { code: 'data.denied', reason: error.message, ...(id === undefined ? {} : { id }) })
}
