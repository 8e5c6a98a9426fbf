import type { Socket } from 'node:net'
import { createServer as createTlsServer, type SecureContext } from 'node:tls'
import type { ListenerHandlers } from './handlers.ts'

import type { BoxListeners } from '../../host/index.ts'
import { serverOne } from './http-one.ts'
import { costs } from './pace.ts'
import { serverTwo } from './http-two.ts'
import type { EgressLimits } from '../rooms.ts'
import { peekServerName } from './server-name.ts'

/** The connections that one box holds to its door. */
export interface BoxSockets {
  /** Ends every connection: none outlives the invocation in which it was opened, so none carries anything over. */
  dropAll(): void
  close(): void
}

/** The first bytes of HTTP/2 (RFC 9113 §3.4); three letters of no method tell it from HTTP/1.1. */
const preface = 'PRI'

/** Serves HTTP/1.1 and HTTP/2 on the sockets that the host hands over; on 443 within TLS, chosen by ALPN. */
export function serveBox(listeners: BoxListeners, limits: EgressLimits, handlers: ListenerHandlers): BoxSockets {
  const open = new Set<Socket>()
  const servers = {
    http: { one: serverOne('http', limits, handlers), two: serverTwo('http', limits, handlers) },
    https: { one: serverOne('https', limits, handlers), two: serverTwo('https', limits, handlers) },
  }
  const tls = createTlsServer(
    {
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: 5_000,
      SNICallback: (name, done) => void answerHello(name.toLowerCase(), done),
    },
    (socket) => servers.https[socket.alpnProtocol === 'h2' ? 'two' : 'one'].emit('connection', socket),
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

  function accept(cost: number, serve: (socket: Socket) => void): (socket: Socket) => void {
    return (socket) => {
      const refused =
        open.size >= limits.connections
          ? 'exit.too_many_connections'
          : handlers.mayOpen()
            ? undefined
            : 'exit.no_descriptors'
      if (refused !== undefined) {
        socket.destroy() // first, so that its descriptor is free again
        return void handlers.onLimit(refused)
      }
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      socket.on('error', () => socket.destroy()) // a box may drop its connections as it likes
      if (handlers.pace.now(cost)) return serve(socket)
      void handlers.pace.later(cost).then(() => socket.destroyed || serve(socket))
    }
  }

  const onPlain = accept(costs.connection, (socket) =>
    firstBytes(socket, limits.idleMs, (bytes) => {
      const two = bytes.toString('latin1', 0, preface.length) === preface
      servers.http[two ? 'two' : 'one'].emit('connection', socket)
    }),
  )
  const onSecured = accept(costs.handshake, (socket) => {
    if (!handlers.tunnels.hasOpaque()) return void tls.emit('connection', socket)
    peekServerName(socket, limits.idleMs, (found) => {
      const door = found.kind === 'name' ? handlers.tunnels.opaqueDoor(found.name) : undefined
      if (door === undefined) tls.emit('connection', socket)
      else void handlers.tunnels.onOpaque(socket, door)
    })
  })
  const onPort = [...listeners.tcp].map(([port, listener]) => ({
    listener,
    take: accept(costs.connection, (socket) => void handlers.tunnels.onConnection(socket, port)),
  }))
  for (const { listener, take } of onPort) listener.on('connection', take)
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
      for (const { listener, take } of onPort) listener.off('connection', take)
      dropAll()
    },
  }
}

/** Looks at the first bytes of a connection and puts them back for whoever will read it. */
function firstBytes(socket: Socket, timeoutMs: number, take: (bytes: Buffer) => void): void {
  const timer = setTimeout(() => socket.destroy(), timeoutMs)
  socket.once('close', () => clearTimeout(timer))
  socket.once('readable', () => {
    clearTimeout(timer)
    const bytes: unknown = socket.read()
    if (!(bytes instanceof Buffer)) return void socket.destroy() // it ended before it began
    socket.unshift(bytes)
    take(bytes)
  })
}

/** Thrown into a handshake, to be told apart from the faults of TLS itself. */
class UndeclaredName extends Error {
  readonly serverName: string

  constructor(serverName: string) {
    super('no door has this name')
    this.serverName = serverName
  }
}
