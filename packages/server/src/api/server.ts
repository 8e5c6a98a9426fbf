import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { SallyportError } from '@sallyport/core/access'
import { enforce, type Gate } from '@sallyport/core/enforcement'

import type { OutputLine } from '../host/index.ts'
import type { AdministrativeRequest, ApiAnswer, ApiStream, Verb } from './verb.ts'

/** What may be read with the local token alone; nothing here changes anything or shows a secret. */
export interface ApiReads {
  readonly status: () => unknown
  readonly elevation: () => unknown
  /** Recent output, and a subscription to what follows; returns how to end it. */
  readonly logs: () => readonly OutputLine[]
  readonly follow: (listener: (line: OutputLine) => void) => () => void
}

/** What the local API serves, where, and to whom. */
export interface ApiOptions {
  /** Path of the unix socket, in a folder that only its owner may enter. */
  readonly socketPath: string
  /** The local token: reading needs it, and so does every other call. */
  readonly token: string
  readonly verbs: readonly Verb[]
  readonly gate: Gate<AdministrativeRequest, ApiAnswer>
  readonly reads: ApiReads
  /** What the next proof must hold; it goes out with every answer (RFC 9449 §8.2). */
  readonly nextNonce: () => string
  readonly onFailure: (cause: unknown) => void
}

/** What a proof names as the address of this API: a socket has none of its own. */
const apiOrigin = 'http://localhost'
const maxBodyBytes = 6 * 1024 * 1024

/** Serves the local API. The CLI and the console use this and nothing else. */
export async function startApi(options: ApiOptions): Promise<{ close(): Promise<void> }> {
  const server = createServer((message, response) => {
    void answer(message, response, options).catch((cause: unknown) => {
      options.onFailure(cause)
      const known = cause instanceof SallyportError ? cause : undefined
      send(response, 503, {
        code: known?.code ?? 'api.unavailable',
        reason: known?.publicMessage ?? 'It could not be done.',
      })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.socketPath, resolve)
  })
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(message: IncomingMessage, response: ServerResponse, options: ApiOptions): Promise<void> {
  response.setHeader('dpop-nonce', options.nextNonce())
  if (!presentsToken(message, options.token)) {
    return send(response, 401, { code: 'api.token', reason: "The local token is missing or not this server's." })
  }
  const url = URL.parse(message.url ?? '/', 'http://local')
  if (url === null) return send(response, 400, { code: 'api.unknown', reason: 'The request names no path.' })
  if (message.method === 'GET') return read(url, response, options.reads)
  for (const verb of options.verbs) {
    const name = verb.method === message.method ? matchPath(verb.path, url.pathname) : undefined
    if (name === undefined) continue
    const body = await bodyOf(message)
    if (body === undefined) return send(response, 413, { code: 'request.too_large', reason: 'The body is too large.' })
    const evidence = { ...evidenceOf(message), url: `${apiOrigin}${url.pathname}` }
    const done = await enforce({ verb, name, body, ...evidence }, options.gate)
    const challenge = isAboutNonce(done.body) ? 'error="use_dpop_nonce"' : done.challenge
    if (challenge !== undefined) response.setHeader('www-authenticate', `DPoP ${challenge}`)
    return done.stream === undefined ? send(response, done.status, done.body) : stream(response, done.stream)
  }
  send(response, 404, { code: 'api.unknown', reason: `There is no ${message.method ?? ''} ${url.pathname}.` })
}

/** Told apart from every other answer by its type: what comes is the function's own, byte by byte. */
const streamType = 'application/vnd.sallyport.stream'

/** A break in it must not look like its end, so the connection ends with it. */
async function stream(response: ServerResponse, { status, body }: ApiStream): Promise<void> {
  response.writeHead(200, { 'content-type': streamType, 'x-sallyport-status': String(status) })
  // The function broke off, the right ended, or the reader left: the outcome says which.
  await pipeline(Readable.from(body, { objectMode: false }), response).catch(() => response.destroy())
}

function isAboutNonce(answered: unknown): boolean {
  if (typeof answered !== 'object' || answered === null || !('code' in answered)) return false
  return answered.code === 'dpop.nonce_required' || answered.code === 'dpop.nonce_stale'
}

function read(url: URL, response: ServerResponse, reads: ApiReads): void {
  switch (url.pathname) {
    case '/v1/status':
      return send(response, 200, reads.status())
    case '/v1/elevation':
      return send(response, 200, reads.elevation())
    case '/v1/logs':
      return streamLogs(response, reads, url.searchParams.get('follow') === '1')
    default:
      return send(response, 404, { code: 'api.unknown', reason: `There is no GET ${url.pathname}.` })
  }
}

function streamLogs(response: ServerResponse, reads: ApiReads, follow: boolean): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  const write = (line: OutputLine): void => {
    // A reader that does not keep up loses lines rather than the server its memory.
    if (response.writableLength < 1024 * 1024) response.write(`${JSON.stringify(line)}\n`)
  }
  reads.logs().forEach(write)
  if (!follow) return void response.end()
  const stop = reads.follow(write)
  response.on('close', stop)
}

function presentsToken(message: IncomingMessage, token: string): boolean {
  const presented = Buffer.from((message.headers.authorization ?? '').replace(/^Bearer /, ''))
  const expected = Buffer.from(token)
  return presented.length === expected.length && timingSafeEqual(presented, expected)
}

/** Who brings a proof speaks DPoP; a bound token without one is then refused as a stolen one (RFC 9449 §7.2). */
function evidenceOf({
  headers,
  headersDistinct,
}: IncomingMessage): Pick<AdministrativeRequest, 'credentials' | 'proofs'> {
  const token = headers['x-sallyport-user-token']
  const proofs = headersDistinct['dpop'] ?? []
  const scheme = proofs.length > 0 ? 'DPoP' : 'Bearer'
  return { credentials: typeof token === 'string' ? [`${scheme} ${token}`] : [], proofs }
}

/** The one `:name` segment of a verb's path, decoded; an empty string where the path has none. */
function matchPath(pattern: string, path: string): string | undefined {
  const wanted = pattern.split('/')
  const found = path.split('/')
  if (wanted.length !== found.length) return undefined
  let name = ''
  for (const [index, segment] of wanted.entries()) {
    if (segment.startsWith(':')) {
      const decoded = decodeSegment(found[index] ?? '')
      if (decoded === undefined) return undefined
      name = decoded
    } else if (segment !== found[index]) return undefined
  }
  return name
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined // a percent sign that begins no UTF-8 sequence names nothing
  }
}

async function bodyOf(message: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) return void response.end()
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
