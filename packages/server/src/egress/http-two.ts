import { createServer, type Http2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { TLSSocket } from 'node:tls'

import { flow } from './flow.ts'
import { incomingTwo } from './incoming.ts'
import type { ListenerHandlers } from './listener.ts'
import type { ExitResponse } from './refusal.ts'
import type { EgressLimits } from './rooms.ts'

/**
 * HTTP/2 on connections that are handed to it: within TLS, or by prior knowledge (RFC 9113 §3.3). Streams, header lists
 * and memory are bounded before anything is parsed into a request; Node itself ends sessions that reset in floods.
 */
export function serverTwo(scheme: 'http' | 'https', limits: EgressLimits, handlers: ListenerHandlers): Http2Server {
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
    session.setTimeout(limits.idleMs, () => session.close())
    session.on('error', () => session.destroy())
    // Refused by the protocol itself before there is a request: on record all the same.
    session.on('frameError', () => session.destroy())
  })
  server.on('sessionError', (error: Error & { code?: string }) => {
    if (error.code?.startsWith('ERR_HTTP2_') === true) void handlers.onMalformed('request.malformed')
  })
  const onRequest = (message: Http2ServerRequest, response: Http2ServerResponse, proceed?: () => void): void => {
    const socket = message.stream.session?.socket
    const { servername } = (socket ?? {}) as Partial<Pick<TLSSocket, 'servername'>>
    const name = typeof servername === 'string' ? servername.toLowerCase() : undefined
    void handlers
      .onRequest(incomingTwo(message, scheme, name, socket?.localAddress ?? '', proceed))
      .then((answer) => send(answer, message, response))
  }
  server.on('request', (message, response) => onRequest(message, response))
  server.on('checkContinue', (message, response) =>
    onRequest(message, response, () => {
      if (!response.stream.destroyed && !response.headersSent) response.writeContinue()
    }),
  )
  return server
}

function send(answer: ExitResponse, message: Http2ServerRequest, response: Http2ServerResponse): void {
  const { body } = answer
  const { stream } = response
  if (stream.destroyed || stream.closed) {
    if (!(body instanceof Uint8Array)) body.destroy()
    return
  }
  stream.on('error', () => undefined) // a stream that its reader gave up; `flow` ends the source
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of answer.headers) {
    const known = headers[name]
    headers[name] = known === undefined ? value : [...[known].flat(), value]
  }
  const trailers = answer.trailers
  stream.respond({ ...headers, ':status': answer.status }, { waitForTrailers: trailers !== undefined })
  stream.once('wantTrailers', () => {
    const given = trailers?.() ?? []
    if (given.length > 0) stream.sendTrailers(Object.fromEntries(given))
    else stream.close()
  })
  if (body instanceof Uint8Array) stream.end(body)
  else flow(body, stream)
  // What is still sent of a refused body goes nowhere.
  if (!message.complete) message.resume()
}
