import { hash } from 'node:crypto'
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { TLSSocket } from 'node:tls'

import { enforce, type Gate } from '@sallyport/core/enforcement'

import { shownChain } from '../certificates/index.ts'
import { readBody } from './body.ts'
import { answerName, type NodeIdentity, tlsRules } from './handshake.ts'
import { parseHead } from './parse.ts'
import { createShares, type Shares } from './rate-limit.ts'
import { jsonResponse } from './refusal.ts'
import { createUnread, type Unread } from './unread.ts'
import type { Destination, IngressRequest, IngressResponse, OwnEndpoint } from './request.ts'

/** What the gateway listens with, and what each request is handed to. */
export interface GatewayOptions {
  readonly port: number
  /** The address to listen at; loopback unless said. */
  readonly host?: string
  /** A descriptor that listens there already. */
  readonly descriptor?: number
  /** The public name that clients ask for, besides this machine's own. */
  readonly name?: string
  /** PEM key and certificate chain; absent only when plain HTTP on loopback was asked for. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** What the server is among workloads; it has no name there unless said. */
  readonly node?: NodeIdentity
  readonly gate: Gate<IngressRequest, IngressResponse>
  readonly route: (method: string, path: string) => Destination | undefined
  /** What the gateway itself publishes at a path, for anybody and for caches; read only. */
  readonly published?: (path: string) => IngressResponse | undefined
  /** What the server itself answers. */
  readonly own?: (method: string, path: string) => OwnEndpoint | undefined
  /** Whether this address may send another request now; refusals beyond it are counted, not recorded one by one. */
  readonly mayKnock: (address: string) => boolean
  /** Whether one more connection may be held: the last descriptors are kept for ledger and vault. Always, if absent. */
  readonly mayConnect?: () => boolean
  /** Told of what went wrong on our side: an exception in the walk. Never told to the caller. */
  readonly onFailure: (cause: unknown, request: IngressRequest) => void
  readonly nowMs: () => number
}

/** A gateway that listens. `close` ends open connections too. */
export interface Gateway {
  /** `https://localhost:8443` */
  readonly url: string
  /** Takes another certificate, before the present one expires; open connections keep theirs. */
  setCertificate(tls: { readonly key: string; readonly cert: string }): void
  close(): Promise<void>
}

const maxHeaderBytes = 16_384
const maxConnections = 2_000
const mostOfOneNetwork = 500
const bodyLimits = { bytesOfOne: 128 * 1024 * 1024, bytes: 512 * 1024 * 1024 }
/** To make a string of more costs more than a second write. */
const joinedBytes = 32 * 1024
const unreadLimits = { bytesOfOne: 64 * 1024 * 1024, bytes: 512 * 1024 * 1024, idleMs: 30_000 }
/** Opens the ingress door. TLS 1.3 only; loopback alone may be plain, and only when asked. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const authorities = new Set<string>()
  const unread = createUnread(unreadLimits)
  const bodies = createShares(bodyLimits.bytesOfOne, bodyLimits.bytes)
  const handle = (message: IncomingMessage, response: ServerResponse): void => {
    void serve(message, options, authorities, bodies).then(
      (answer) => answer && write(response, answer, message, unread),
    )
  }
  const limits = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 30_000,
    insecureHTTPParser: false,
    requireHostHeader: false, // our own reading refuses it, with a code
  }
  const SNICallback = answerName(options.node)
  const secure =
    options.tls &&
    createTlsServer({ ...limits, ...options.tls, ...tlsRules, SNICallback, handshakeTimeout: 10_000 }, handle)
  const server: Server = secure ?? createPlainServer(limits, handle)
  // An expectation that nobody knows is none of ours (RFC 9110 §10.1.1); left alone, Node would refuse it off record,
  // and past what one address may ask.
  server.on('checkExpectation', handle)
  const sockets = new Set<Socket>()
  const seats = createShares(mostOfOneNetwork)
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket
    if (options.mayConnect?.() === false || !seats.take(remoteAddress)) return void socket.destroy()
    sockets.add(socket)
    socket.once('close', () => {
      sockets.delete(socket)
      seats.leave(remoteAddress)
    })
  })
  server.maxConnections = maxConnections
  server.on('clientError', (_cause, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const { descriptor: fd, port, host = '127.0.0.1' } = options
    server.listen(fd === undefined ? { port, host } : { fd }, resolve)
  })
  const { port } = server.address() as AddressInfo // listening on TCP, so it is one
  const { name } = options
  const names = [name ?? [], options.node?.name ?? []].flat()
  for (const one of authoritiesAt(port, options.tls !== undefined, names)) authorities.add(one)
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${name ?? 'localhost'}:${port}`,
    setCertificate: (tls) => secure?.setSecureContext({ ...tls, ...tlsRules }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        // Not `closeAllConnections`: it does not know those that are still shaking hands.
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** What Host may say at this port: of this machine, and by the names that it has for others. */
export function authoritiesAt(port: number, secure: boolean, names: readonly string[]): readonly string[] {
  const own = ['localhost', '127.0.0.1']
  // Without a port, Host means the scheme's own (RFC 9110 §4.2); whoever stands in front of a name may have another.
  const bare = port === (secure ? 443 : 80) ? own : []
  return [...own.map((host) => `${host}:${port}`), ...bare, ...names, ...names.map((name) => `${name}:${port}`)]
}

/** Parse, then the walk. An exception anywhere in it is caught here, once, and is a "no" with a code. */
async function serve(
  message: IncomingMessage,
  options: GatewayOptions,
  authorities: ReadonlySet<string>,
  bodies: Shares,
): Promise<IngressResponse | undefined> {
  const remoteAddress = message.socket.remoteAddress ?? ''
  let held = 0
  const hold = (bytes: number): boolean => {
    if (!bodies.take(remoteAddress, bytes)) return false
    held += bytes
    return true
  }
  if (!options.mayKnock(remoteAddress)) {
    return jsonResponse(429, { code: 'gateway.flooded', reason: 'Too many requests from this address.' })
  }
  const head = parseHead(message, authorities)
  if (head.fault === undefined && (head.method === 'GET' || head.method === 'HEAD')) {
    const published = options.published?.(head.path)
    if (published !== undefined) return published
  }
  const own = head.fault === undefined ? options.own?.(head.method, head.path) : undefined
  const destination = head.fault === undefined ? options.route(head.method, head.path) : undefined
  const maxBodyBytes = own?.maxBodyBytes ?? destination?.route.maxBodyBytes
  const scheme = options.tls === undefined ? 'http' : 'https'
  let request: IngressRequest = {
    ...head,
    url: `${scheme}://${head.headers.get('host') ?? ''}${head.path}`,
    ...certificateOf(message),
    body: noBody,
    remoteAddress,
    receivedAt: options.nowMs(),
    ...(destination === undefined ? {} : { destination }),
  }
  try {
    // A body is read only when there is somewhere for it to go.
    if (maxBodyBytes !== undefined && head.hasBody) {
      request = { ...request, ...(await readBody(message, maxBodyBytes, head.headers.get('content-length'), hold)) }
    }
    if (own !== undefined) return await own.answer(request)
    return await enforce(request, options.gate)
  } catch (cause) {
    if (message.destroyed && !message.complete) return undefined // the client left before it had asked anything
    options.onFailure(cause, request)
    return jsonResponse(503, {
      code: 'gateway.unavailable',
      reason: 'The request could not be decided, so it was refused.',
    })
  } finally {
    if (held > 0) bodies.leave(remoteAddress, held)
  }
}

const noBody = new Uint8Array()

type Shown = Pick<IngressRequest, 'certificateThumbprint' | 'certificates'>

/** Nothing on most connections; the leaf is what the handshake proved, whoever vouches for it. */
function certificateOf({ socket }: IncomingMessage): Shown {
  if (!(socket instanceof TLSSocket)) return {}
  const known = shownBy.get(socket)
  if (known !== undefined) return known
  const certificates = shownChain(socket)
  const [leaf] = certificates
  const shown = leaf === undefined ? {} : { certificateThumbprint: hash('sha256', leaf, 'base64url'), certificates }
  shownBy.set(socket, shown)
  return shown
}

/** A connection keeps its certificate: TLS 1.3 has no renegotiation, and post-handshake requests are never made. */
const shownBy = new WeakMap<TLSSocket, Shown>()

function write(response: ServerResponse, given: IngressResponse, message: IncomingMessage, unread: Unread): void {
  const held = unread.hold(response, given.body.byteLength)
  const answer = held ? given : jsonResponse(503, { code: 'gateway.unread', reason: 'Read what was answered before.' })
  const { stream } = answer
  if (response.destroyed) return void stream?.return?.()
  const headers: string[] = []
  for (const [name, value] of answer.headers) headers.push(name, value)
  // A length after 204 is one that another reader might wait for (RFC 9110 §8.6).
  if (stream === undefined && answer.status !== 204) headers.push('content-length', String(answer.body.byteLength))
  headers.push('x-content-type-options', 'nosniff')
  // What was not read of a refused body must not be taken for the next request.
  if (!message.complete) headers.push('connection', 'close')
  response.writeHead(answer.status, headers)
  if (message.method === 'HEAD') {
    void stream?.return?.()
    return void response.end()
  }
  if (stream !== undefined) {
    response.flushHeaders()
    // What breaks off midway, at either end, ends the connection: the caller must not take a part for the whole.
    return void pipeline(stream, response).catch(() => response.destroy())
  }
  const { buffer, byteOffset, byteLength } = answer.body
  const body = Buffer.from(buffer, byteOffset, byteLength)
  // One write for head and body: as a latin1 string a body joins the head, byte for byte.
  if (byteLength <= joinedBytes) response.end(body.toString('latin1'), 'latin1')
  else response.end(body)
}
