import type { Http2Server, ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'

import type { Answer } from '../answer.ts'
import { flow } from '../flow.ts'
import type { ListenerHandlers, ListenerLimits } from '../handlers.ts'
import { incomingTwo } from './incoming.ts'
import { watchAnswer, watchSession } from './watch-two.ts'

/**
 * HTTP/2 on connections that are handed to it: within TLS, or by prior knowledge (RFC 9113 §3.3). Streams, header lists
 * and memory are bounded before anything is parsed into a request; Node itself ends sessions that reset in floods.
 */
export function serverTwo(scheme: 'http' | 'https', limits: ListenerLimits, handlers: ListenerHandlers): Http2Server {
  const { createServer } = process.getBuiltinModule('node:http2') // where it is needed: it takes megabytes
  const server = createServer({
    maxSessionMemory: 4,
    maxSessionInvalidFrames: 10,
    maxHeaderListPairs: 128,
    maxOutstandingPings: 4,
    maxSettings: 16,
    settings: {
      maxConcurrentStreams: limits.streams,
      maxHeaderListSize: limits.headerBytes,
      enablePush: false,
      enableConnectProtocol: false,
    },
  })
  server.on('session', (session) => {
    watchSession(session, limits.idleMs, () => handlers.onLimit('exit.too_slow'))
    session.on('error', () => session.destroy())
    // Refused by the protocol itself before there is a request: on record all the same.
    session.on('frameError', () => session.destroy())
  })
  server.on('sessionError', (error: Error & { code?: string }) => {
    if (error.code?.startsWith('ERR_HTTP2_') === true) void handlers.onMalformed('request.malformed')
  })
  server.on('stream', (stream, headers, _flags, rawHeaders) => {
    // First: a stream may come broken already. Given up by its reader, or by us; whoever waits hears `close`.
    stream.on('error', () => undefined)
    if (stream.destroyed || stream.session?.destroyed !== false) return // cleared away: it has no requests any more
    const { servername, localAddress } = (stream.session?.socket ?? {}) as Partial<TLSSocket>
    const connection = {
      servername: typeof servername === 'string' ? servername.toLowerCase() : undefined,
      localAddress: localAddress ?? '',
    }
    void handlers
      .onRequest(incomingTwo(stream, headers, rawHeaders, scheme, connection))
      .then((answer) => send(answer, stream, limits.idleMs, () => handlers.onLimit('exit.unread')))
  })
  return server
}

function send(
  { status, headers, body, trailers }: Answer,
  stream: ServerHttp2Stream,
  idleMs: number,
  unread: () => void,
): void {
  if (stream.destroyed || stream.closed) {
    if (!(body instanceof Uint8Array)) body.destroy()
    return
  }
  // A status that HTTP/2 has no room for is some fault of a server (RFC 9110 §15).
  const known = status <= 599 ? status : 502
  // What is still sent of the request is not waited for (RFC 9113 §8.1).
  stream.once('finish', () => stream.readableEnded || stream.close())
  // Without a body the head is the end: gRPC knows an answer that is a status alone by that (Trailers-Only).
  if (body instanceof Uint8Array && body.length === 0 && (trailers?.() ?? []).length === 0) {
    stream.respond({ ...fitting(headers), ':status': known }, { endStream: true })
    if (!stream.readableEnded) stream.resume()
    return
  }
  stream.respond({ ...fitting(headers), ':status': known }, { waitForTrailers: trailers !== undefined })
  // None are the end of the stream all the same: Node sends an empty frame with its flag.
  stream.once('wantTrailers', () => stream.sendTrailers(fitting(trailers?.() ?? [])))
  const taken = watchAnswer(stream, idleMs, unread)
  if (body instanceof Uint8Array) stream.end(body)
  else flow(body.on('data', taken), stream)
  // What is still sent of a body that nobody wants goes nowhere.
  if (!stream.readableEnded && body instanceof Uint8Array) stream.resume()
}

/** Fields of HTTP/1.1 connections, which a message of HTTP/2 must not have (RFC 9113 §8.2.2). */
const ofConnections: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/**
 * Fields as HTTP/2 can carry them: lines of one name joined (RFC 9110 §5.3), for Node throws where some come twice.
 * Adversary: an upstream, or another function, whose answer would end this process and the box with it.
 */
function fitting(headers: Answer['headers']): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const [name, value] of headers) {
    const plain = name.toLowerCase()
    if (ofConnections.has(plain) || plain.startsWith(':')) continue
    fields[plain] = Object.hasOwn(fields, plain) ? `${fields[plain]}, ${value}` : value
  }
  return fields
}
