import { spawn } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** The key of the box that there is not. */
export const key: Buffer = Buffer.alloc(32, 7)
/** Whom its tickets are for. */
export const whose = { audience: 'function:app:probe', codeDigest: 'sha256-code' }
/** How an invocation ended, as the host hears it. */
export interface Told {
  readonly verb: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
  readonly trailers: IncomingMessage['trailers']
}

/** A runtime without a box, and the host's side of its Runtime API. */
export interface BareRuntime {
  give(id: string, event: string, ticket: string): Promise<Told>
  close(): Promise<void>
}

/** Starts one of our clients, by its program and its file, for a handler in this folder. */
export async function startRuntime(
  [program, file]: readonly [program: string, file: string],
  folder: string,
  handler: string,
): Promise<BareRuntime> {
  let next = Promise.withResolvers<ServerResponse>()
  let told = Promise.withResolvers<Told>()
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    if (request.method === 'GET') return next.resolve(response)
    let body = ''
    request.setEncoding('latin1').on('data', (chunk) => (body += String(chunk)))
    request.once('end', () => {
      response.writeHead(202, { 'content-length': 0 }).end()
      const { headers, trailers } = request
      told.resolve({ verb: request.url?.split('/').at(-1) ?? '', body, headers, trailers })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const env = {
    AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
    AWS_LAMBDA_FUNCTION_NAME: 'probe',
    AWS_LAMBDA_FUNCTION_VERSION: '1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_LOG_GROUP_NAME: 'probe',
    AWS_LAMBDA_LOG_STREAM_NAME: 'probe',
    LAMBDA_TASK_ROOT: folder,
    PYTHONDONTWRITEBYTECODE: '1',
    _HANDLER: handler,
  }
  const child = spawn(program, [file], { env, stdio: ['pipe', 'ignore', 'ignore'] })
  const gone = new Promise((resolve) => child.once('close', resolve))
  child.stdin.end(JSON.stringify({ key: key.toString('base64url'), ...whose }))
  return {
    give: async (id, event, ticket) => {
      const response = await next.promise
      next = Promise.withResolvers()
      told = Promise.withResolvers()
      response.writeHead(200, {
        'content-length': Buffer.byteLength(event),
        'lambda-runtime-aws-request-id': id,
        'lambda-runtime-deadline-ms': Date.now() + 60_000,
        'lambda-runtime-invoked-function-arn': 'arn:probe',
        'lambda-runtime-sallyport-ticket': ticket,
      })
      response.end(event)
      return told.promise
    },
    close: async () => {
      child.kill('SIGKILL')
      await gone
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** In seconds, as tickets count. */
export const now = (): number => Math.floor(Date.now() / 1_000)

/** A ticket for this event, good unless something of it is changed. */
export function ticketOf(
  id: string,
  event: string,
  changed: Readonly<Record<string, unknown>> = {},
  by: Buffer = key,
): string {
  const claims = {
    ...whose,
    subject: 'served',
    bodySha256: createHash('sha256').update(event).digest('hex'),
    attempt: id,
    issuedAtSeconds: now(),
    expiresAtSeconds: now() + 60,
    ...changed,
  }
  const signed = `v1.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${signed}.${createHmac('sha256', by).update(signed).digest('base64url')}`
}

let ids = 0
/** Of an invocation. */
export const freshId = (): string => String((ids += 1)).padStart(32, '0')
