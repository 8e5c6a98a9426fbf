import { request } from 'node:https'
import { connect } from 'node:tls'

import { type BoundToken, proofOf } from '../../bound/index.ts'

/** One request to a gateway, as an attacker or an honest client makes it. */
export interface ClientRequest {
  readonly method?: string
  /** Sent as it stands: nothing is normalised on the way. */
  readonly path: string
  /** As a bearer token; or with a proof of the key that it is bound to. */
  readonly token?: string | BoundToken
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  /** The loopback address to come from; another one stands for another network. */
  readonly from?: string
}

/** What came back. `code` and `id` are those of a refusal, where the body is one. */
export interface ClientAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  readonly code?: string
  readonly id?: string
}

/** Where a gateway stands and under which CA. */
export interface GatewayAddress {
  /** `https://localhost:8443` */
  readonly gateway: string
  /** PEM. */
  readonly ca: string
}

const patienceMs = 20_000

/** Sends one request over TLS that is verified against the gateway's own CA. */
export function send(to: GatewayAddress, asked: ClientRequest): Promise<ClientAnswer> {
  const { hostname, port } = new URL(to.gateway)
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        // The name is for the certificate; the address for a connection that can come from any loopback address.
        host: '127.0.0.1',
        servername: hostname,
        port,
        ca: to.ca,
        method: asked.method ?? (asked.body === undefined ? 'GET' : 'POST'),
        path: asked.path,
        headers: {
          host: new URL(to.gateway).host,
          ...presented(to, asked),
          ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(asked.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(asked.body)) }),
          ...asked.headers,
        },
        agent: false,
        timeout: patienceMs,
        ...(asked.from === undefined ? {} : { localAddress: asked.from }),
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (text += part))
        response.on('error', reject)
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, ...refusalIn(text) })
        })
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${patienceMs} ms`)))
    outgoing.on('error', reject)
    outgoing.end(asked.body)
  })
}

function presented({ gateway }: GatewayAddress, { token, method, path, body }: ClientRequest): Record<string, string> {
  if (token === undefined) return {}
  if (typeof token === 'string') return { authorization: `Bearer ${token}` }
  const { accessToken, key } = token
  const proof = proofOf(key, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    url: gateway + path,
    accessToken,
  })
  return { authorization: `DPoP ${accessToken}`, dpop: proof }
}

/** Sends bytes of our own making over TLS and gives everything that came back, one string per answer. */
export async function sendRaw(to: GatewayAddress, text: string): Promise<readonly ClientAnswer[]> {
  const { hostname, port } = new URL(to.gateway)
  const socket = connect({ host: '127.0.0.1', servername: hostname, port: Number(port), ca: to.ca })
  socket.setTimeout(3_000, () => socket.destroy())
  socket.write(text)
  const chunks: Buffer[] = []
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk)
  } catch (error) {
    // A gateway that hangs up on such bytes has refused them too; what it said before counts.
    if (chunks.length === 0) return [{ status: 0, headers: {}, text: '', code: errorCode(error) }]
  }
  return Buffer.concat(chunks)
    .toString('latin1')
    .split(/(?=HTTP\/1\.1 \d{3})/)
    .filter((part) => part !== '')
    .map((part) => ({ status: Number(part.slice(9, 12)), headers: {}, text: part, ...refusalIn(part) }))
}

/** The refusal `{ code, reason, id }` in a body, if it is one. */
export function refusalIn(text: string): { readonly code?: string; readonly id?: string } {
  const start = text.indexOf('{')
  const code = /"code":\s*"([A-Za-z_.]+)"/.exec(text.slice(start))?.[1]
  const id = /"id":\s*"([0-9a-f]{32})"/.exec(text.slice(start))?.[1]
  return { ...(code === undefined ? {} : { code }), ...(id === undefined ? {} : { id }) }
}

/** `ECONNREFUSED`, or the error's own words where it has no code. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
