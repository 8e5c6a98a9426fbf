import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { verifySigV4 } from '@sallyport/core/identity'

/** One call of Invoke that came with a good signature. */
export interface LambdaCall {
  readonly functionName: string
  readonly qualifier: string
  readonly event: Uint8Array<ArrayBuffer>
  /** `custom["sallyport-ticket"]` of the client context. */
  readonly ticket: string | undefined
  readonly signal: AbortSignal
}

/** What a function of the stand-in does with it. */
export interface LambdaReply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Stands in for AWS Lambda's own service: verifies SigV4, reads Invoke's parameters, and answers as `reply` says. */
export interface LambdaService {
  readonly origin: string
  /** Codes of the signatures that were refused. */
  readonly refused: string[]
  close(): Promise<void>
}

/** The only credential that the stand-in knows. */
export const lambdaCredential = { accessKeyId: 'AKIDTEST', secretAccessKey: 'a-secret-of-the-test', generation: '1' }

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const hmacSha256 = (key: Uint8Array, bytes: Uint8Array): Uint8Array => createHmac('sha256', key).update(bytes).digest()

/** Starts it on loopback. `reply` may take its time; undefined for a call that is never answered. */
export async function startLambdaService(
  reply: (call: LambdaCall) => Promise<LambdaReply | undefined> | LambdaReply | undefined,
): Promise<LambdaService> {
  const refused: string[] = []
  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray())
    const target = request.url ?? ''
    const { rawHeaders } = request
    const headers = rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? ''] as const] : [],
    )
    const verified = verifySigV4(
      { method: request.method ?? '', target, headers, body },
      (id) => (id === lambdaCredential.accessKeyId ? lambdaCredential : undefined),
      { nowSeconds: Math.floor(Date.now() / 1_000), sha256, hmacSha256, signingKeys: new Map() },
    )
    if (!verified.ok || verified.service !== 'lambda') {
      refused.push(verified.ok ? verified.service : verified.code)
      response.writeHead(403, { 'x-amzn-errortype': 'AccessDeniedException' }).end('{"Message":"no"}')
      return
    }
    const [, functionName = '', query = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations\?(.*)$/.exec(target) ?? []
    const context: unknown = JSON.parse(
      Buffer.from(request.headers['x-amz-client-context']?.toString() ?? '', 'base64').toString('utf8') || '{}',
    )
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const given = await reply({
      functionName,
      qualifier: new URLSearchParams(query).get('Qualifier') ?? '',
      event: body,
      ticket: ticketIn(context),
      signal: gone.signal,
    })
    if (given === undefined) return
    const { status = 200, headers: more = {}, body: text = 'null' } = given
    response.writeHead(status, { 'content-type': 'application/json', ...more }).end(text)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function ticketIn(context: unknown): string | undefined {
  const custom = memberOf(context, 'custom')
  const ticket = memberOf(custom, 'sallyport-ticket')
  return typeof ticket === 'string' ? ticket : undefined
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined
}
