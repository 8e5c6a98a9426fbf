import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'

import type { Answer } from '../answer.ts'
import type { ListenerHandlers, ListenerLimits } from '../handlers.ts'
import { answerOn, writeAnswer } from './answer-on.ts'
import { incomingOne } from './incoming.ts'
import { type Watch, watchOver } from './watch.ts'

/** HTTP/1.1 on connections that are handed to it; it never listens. */
export function serverOne(scheme: 'http' | 'https', limits: ListenerLimits, handlers: ListenerHandlers): Server {
  const { createServer } = process.getBuiltinModule('node:http') // where it is needed: most requests do without
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    requireHostHeader: false,
    keepAliveTimeout: limits.idleMs,
    // Anything else that a client would rather speak, it may do without (RFC 9110 §7.8).
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
  })
  // Whoever has said all that it has to say still hears the answer (RFC 9112 §9.6). Node's types leave this out.
  Object.assign(server, { httpAllowHalfOpen: true })
  const watches = new WeakMap<Socket, Watch>()
  const faulty = new WeakSet<Duplex>()
  // Node's own head and request timers run in listening servers only, and these never listen.
  server.on('connection', (socket) => {
    const watch = watchOver(socket, limits.idleMs, () => handlers.onLimit('exit.too_slow'))
    watches.set(socket, watch)
    socket.once('close', () => watch.end())
  })

  function onRequest(message: IncomingMessage, response: ServerResponse, proceed?: () => void): void {
    const { socket } = message
    if (isFaulty(message)) {
      void handlers.onMalformed('request.malformed').then((answer) => sendRaw(answer, socket))
      return
    }
    // A second request before the first is answered: nobody needs it, and it blurs whose request is whose.
    const watch = watches.get(socket)
    if (watch?.begin() === false) {
      handlers.onLimit('exit.pipelined')
      return void socket.destroy()
    }
    response.once('finish', () => watch?.finish())
    // A small body mostly lies in the same packet: a moment later the parser has read that one to its end.
    process.nextTick(() => {
      if (socket.destroyed) return // cleared away: it has no requests any more
      const incoming = incomingOne(message, scheme, serverNameOf(socket), proceed)
      // Node calls a message complete a moment after its last byte, and an answer may come before that.
      const isRead = incoming.body.kind === 'whole'
      void handlers.onRequest(incoming).then((answer) => send(answer, message, response, isRead))
    })
  }

  server.on('request', (message, response) => onRequest(message, response))
  // An expectation that nobody knows is none of ours (RFC 9110 §10.1.1); left alone, Node would refuse it off record.
  server.on('checkExpectation', (message, response) => onRequest(message, response))
  server.on('checkContinue', (message, response) =>
    onRequest(message, response, () => {
      if (!response.destroyed && !response.headersSent) response.writeContinue()
    }),
  )
  server.on('connect', (message, socket) => {
    void handlers
      .onRequest(incomingOne(message, scheme, serverNameOf(message.socket)))
      .then((answer) => answerOn(message.socket, 'CONNECT', answer, () => socket.end(), false))
  })
  server.on('upgrade', (message, socket, early) => {
    watches.get(message.socket)?.end()
    message.socket.allowHalfOpen = false // a WebSocket ends both ways at once (RFC 6455 §7.1.1)
    // Bytes after the head, before the switch, belong to the new protocol.
    if (early.length > 0) socket.unshift(early)
    void handlers.onUpgrade(incomingOne(message, scheme, serverNameOf(message.socket))).then((answer) => {
      if (answer.tunnel === undefined || socket.destroyed)
        return answerOn(message.socket, message.method ?? '', answer, () => socket.end(), false)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${linesOf(answer.headers)}\r\n`, 'latin1')
      return answer.tunnel(socket)
    })
  })
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    if (error.code?.startsWith('HPE_') !== true || !socket.writable) return void socket.destroy()
    // Whatever still comes is told again, part by part: a body of megabytes would be as many refusals on record.
    if (faulty.has(socket)) return
    faulty.add(socket)
    const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'request.header_too_large' : 'request.malformed'
    void handlers.onMalformed(code).then((answer) => sendRaw(answer, socket))
  })
  return server
}

/** Of the versions that Node's parser takes, one is spoken here, and the older one without chunks (RFC 9112 §6.1). */
function isFaulty({ httpVersion, headers }: IncomingMessage): boolean {
  return httpVersion !== '1.1' && (httpVersion !== '1.0' || headers['transfer-encoding'] !== undefined)
}

/** The name of a connection's TLS handshake, lower case. */
export function serverNameOf(socket: Socket & Partial<Pick<TLSSocket, 'servername'>>): string | undefined {
  return typeof socket.servername === 'string' ? socket.servername.toLowerCase() : undefined
}

function send(answer: Answer, message: IncomingMessage, response: ServerResponse, isRead: boolean): void {
  if (response.destroyed || !response.socket) {
    if (!(answer.body instanceof Uint8Array)) answer.body.destroy()
    return
  }
  // An unread body would be taken for the next request.
  if (!message.complete && !isRead) response.shouldKeepAlive = false
  else message.resume()
  writeAnswer(answer, response)
}

function sendRaw(answer: Answer, socket: Duplex): void {
  const body = answer.body instanceof Uint8Array ? answer.body : Buffer.alloc(0)
  const head = `HTTP/1.1 ${answer.status} Refused\r\n${linesOf(answer.headers)}connection: close\r\n\r\n`
  socket.end(Buffer.concat([Buffer.from(head, 'latin1'), body]))
}

function linesOf(headers: Answer['headers']): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
}
