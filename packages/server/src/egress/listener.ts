import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { createServer as createTlsServer, type SecureContext, type TLSSocket } from 'node:tls'

import type { BoxListeners } from '../host/index.ts'
import { flow } from './flow.ts'
import { type ExitResponse, plainRefusal } from './refusal.ts'
import type { EgressLimits } from './rooms.ts'

/** What the sockets of one box are turned into. */
export interface ListenerHandlers {
  /** A head is complete. Must resolve, with the answer. */
  readonly onRequest: (
    message: IncomingMessage,
    scheme: 'http' | 'https',
    serverName: string | undefined,
  ) => Promise<ExitResponse>
  /** Bytes that are no request: `code` as for refusals. Resolves when it is on record. */
  readonly onMalformed: (code: string) => Promise<ExitResponse>
  /** A TLS handshake for a name that no door has, or for none. */
  readonly onUndeclaredName: (name: string) => Promise<unknown>
  /** The leaf for a declared host; undefined for every other name. Must resolve. */
  readonly contextFor: (name: string) => Promise<SecureContext | undefined>
}

/** The connections that one box holds to its door. */
export interface BoxSockets {
  /** Ends every connection: none outlives the invocation in which it was opened, so none carries anything over. */
  dropAll(): void
  close(): void
}

/** Serves HTTP/1.1 on the sockets that the host hands over, TLS in front of it on 443. HTTP/2 is not offered. */
export function serveBox(listeners: BoxListeners, limits: EgressLimits, handlers: ListenerHandlers): BoxSockets {
  const open = new Set<Socket>()
  const plain = httpServer('http')
  const secured = httpServer('https')
  const tls = createTlsServer(
    {
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: 5_000,
      SNICallback: (name, done) => void answerHello(name.toLowerCase(), done),
    },
    (socket) => secured.emit('connection', socket),
  )
  tls.on('tlsClientError', (error: Error & { code?: string }, socket) => {
    socket.destroy()
    const ours = error.code?.startsWith('ERR_SSL_') === true && !error.code.includes('_ALERT_')
    if (error instanceof UndeclaredName) void handlers.onUndeclaredName(error.serverName)
    else if (ours) void handlers.onUndeclaredName('') // no server name, no TLS, or TLS older than 1.2
  })

  async function answerHello(
    name: string,
    done: (error: Error | null, context?: SecureContext) => void,
  ): Promise<void> {
    const context = await handlers.contextFor(name)
    if (context) done(null, context)
    else done(new UndeclaredName(name))
  }

  async function answerMalformed(code: string, socket: Duplex): Promise<void> {
    sendRaw(await handlers.onMalformed(code), socket)
  }

  function accept(target: { emit(event: 'connection', socket: Socket): boolean }): (socket: Socket) => void {
    return (socket) => {
      if (open.size >= limits.connections) return void socket.destroy()
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      socket.on('error', () => socket.destroy()) // a box may drop its connections as it likes
      target.emit('connection', socket)
    }
  }

  function httpServer(scheme: 'http' | 'https'): Server {
    const server = createServer({
      maxHeaderSize: limits.headerBytes,
      requireHostHeader: false,
      keepAliveTimeout: limits.idleMs,
    })
    const watches = new WeakMap<Socket, NodeJS.Timeout>()
    const busy = new WeakSet<Socket>()
    // Node's own head and request timers run in listening servers only, and these never listen.
    const watch = (socket: Socket): void => {
      watches.set(socket, setTimeout(() => socket.destroy(), limits.idleMs).unref())
    }
    server.on('connection', (socket) => {
      socket.once('close', () => clearTimeout(watches.get(socket)))
      watch(socket)
    })
    server.on('request', (message, response) => {
      const { socket } = message
      // A second request before the first is answered: nobody needs it, and it blurs whose request is whose.
      if (busy.has(socket)) return void socket.destroy()
      busy.add(socket)
      clearTimeout(watches.get(socket))
      response.once('finish', () => {
        busy.delete(socket)
        if (!socket.destroyed) watch(socket)
      })
      void handlers.onRequest(message, scheme, serverNameOf(message)).then((answer) => send(answer, message, response))
    })
    server.on('connect', (message, socket) => {
      void handlers.onRequest(message, scheme, serverNameOf(message)).then(() => socket.destroy())
    })
    server.on('clientError', (error: Error & { code?: string }, socket) => {
      if (error.code?.startsWith('HPE_') !== true || !socket.writable) return void socket.destroy()
      const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'request.header_too_large' : 'request.malformed'
      void answerMalformed(code, socket)
    })
    return server
  }

  const onPlain = accept(plain)
  const onSecured = accept(tls)
  listeners.http.on('connection', onPlain)
  listeners.https.on('connection', onSecured)
  const dropAll = (): void => {
    for (const socket of open) socket.destroy()
  }
  return {
    dropAll,
    close: () => {
      listeners.http.off('connection', onPlain)
      listeners.https.off('connection', onSecured)
      dropAll()
    },
  }
}

/** Thrown into a handshake, to be told apart from the faults of TLS itself. */
class UndeclaredName extends Error {
  readonly serverName: string

  constructor(serverName: string) {
    super('no door has this name')
    this.serverName = serverName
  }
}

function serverNameOf(message: IncomingMessage): string | undefined {
  const socket: Socket & Partial<Pick<TLSSocket, 'servername'>> = message.socket
  return typeof socket.servername === 'string' ? socket.servername.toLowerCase() : undefined
}

function send(answer: ExitResponse, message: IncomingMessage, response: ServerResponse): void {
  const body: Uint8Array | Readable = answer.body
  if (response.destroyed || !response.socket) {
    if (!(body instanceof Uint8Array)) body.destroy()
    return
  }
  // An unread body would be taken for the next request.
  if (!message.complete) response.shouldKeepAlive = false
  const merged = new Map<string, string[]>()
  for (const [name, value] of answer.headers) merged.set(name, [...(merged.get(name) ?? []), value])
  response.writeHead(answer.status, Object.fromEntries(merged))
  if (body instanceof Uint8Array) response.end(body)
  else flow(body, response)
}

function sendRaw(answer: ExitResponse, socket: Duplex): void {
  const body = answer.body instanceof Uint8Array ? answer.body : Buffer.alloc(0)
  const lines = answer.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(
    Buffer.concat([Buffer.from(`HTTP/1.1 ${answer.status} Refused\r\n${lines}connection: close\r\n\r\n`), body]),
  )
}

/** The answer to what broke on our side: no word of what it was. */
export function brokenAnswer(id: string): ExitResponse {
  return plainRefusal('exit.error', 'The door could not decide, so it stayed shut.', id)
}
