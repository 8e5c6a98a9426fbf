import type { Socket as DatagramSocket } from 'node:dgram'
import type { Server as HttpServer } from 'node:http'
import type { Http2Server } from 'node:http2'
import type { Server, Socket } from 'node:net'
import type { SecureContext, Server as TlsServer } from 'node:tls'

import { costs } from './pace.ts'
import type { ListenerHandlers, ListenerLimits } from './handlers.ts'
import { serverNameOf, serverOne } from './http/http-one.ts'
import { serverTwo } from './http/http-two.ts'
import { servePlain } from './http/plain-one.ts'
import { peekServerName, peekTls } from './server-name.ts'

/** The listeners inside one box's network namespace. Whoever connects to them is that box: that is its identity. */
export interface DoorListeners {
  /** Port 80 of every address. */
  readonly http: Server
  /** Port 443 of every address. */
  readonly https: Server
  /** UDP 53 of every address. */
  readonly dns: DatagramSocket
  /** Further ports, of every address. */
  readonly tcp: ReadonlyMap<number, Server>
}

/** The connections that one box holds to its door. */
export interface BoxSockets {
  /** Ends every connection: none outlives the invocation in which it was opened, so none carries anything over. */
  dropAll(): void
}

/** For a whole ClientHello, and for what follows it. */
const handshakeMs = 5_000

/** Serves HTTP/1.1 and HTTP/2 on the listeners of a box; on 443 within TLS, chosen by ALPN. */
export function serveBox(
  listeners: Omit<DoorListeners, 'dns'>,
  limits: ListenerLimits,
  handlers: ListenerHandlers,
): BoxSockets {
  const open = new Set<Socket>()
  const servers = {
    http: {
      one: lazy(() => serverOne('http', limits, handlers)),
      two: lazy(() => serverTwo('http', limits, handlers)),
    },
    https: {
      one: lazy(() => serverOne('https', limits, handlers)),
      two: lazy(() => serverTwo('https', limits, handlers)),
    },
  } satisfies Record<string, Record<string, () => HttpServer | Http2Server>>
  const serveOne = (scheme: 'http' | 'https', socket: Socket): void =>
    servePlain(socket, { scheme, serverName: serverNameOf(socket) }, limits, handlers, (other, speaks) =>
      servers[scheme][speaks === '2' ? 'two' : 'one']().emit('connection', other),
    )
  const tls = lazy(() =>
    tlsServer(handlers, (socket, two) => {
      if (two) servers.https.two().emit('connection', socket)
      else serveOne('https', socket)
    }),
  )

  function accept(cost: number, serve: (socket: Socket) => void): (socket: Socket) => void {
    return (socket) => {
      if (open.size >= limits.connections) {
        socket.destroy() // first, so that its descriptor is free again
        return handlers.onLimit('exit.too_many_connections')
      }
      open.add(socket)
      socket.on('close', () => open.delete(socket))
      socket.on('error', () => socket.destroy()) // a box may drop its connections as it likes
      if (handlers.pace.now(cost)) return serve(socket)
      void handlers.pace.later(cost).then(() => socket.destroyed || serve(socket))
    }
  }

  const secured = (socket: Socket): void =>
    peekServerName(socket, Math.min(limits.idleMs, handshakeMs), (found) => {
      if (found.kind === 'none') return void tls().emit('connection', socket)
      void handlers.doorOf(found.name).then((door) => {
        if (socket.destroyed) return
        if (door.kind === 'opaque') handlers.onOpaque(socket, found.name)
        else tls().emit('connection', socket)
      })
    })
  const onPlain = accept(costs.connection, (socket) => serveOne('http', socket))
  const onSecured = accept(costs.handshake, secured)
  const onEither = accept(costs.handshake, (socket) =>
    peekTls(socket, limits.idleMs, (within) => (within ? secured(socket) : serveOne('http', socket))),
  )
  for (const [port, listener] of listeners.tcp) {
    const onOther = accept(costs.connection, (socket) => handlers.onPort(socket, port))
    listener.on('connection', limits.webPorts?.includes(port) === true ? onEither : onOther)
  }
  listeners.http.on('connection', onPlain)
  listeners.https.on('connection', onSecured)
  return {
    dropAll: () => {
      for (const socket of open) socket.destroy()
    },
  }
}

/** Ends handshakes for names that no door has, and says so. */
function tlsServer(handlers: ListenerHandlers, serve: (socket: Socket, two: boolean) => void): TlsServer {
  const { createServer } = process.getBuiltinModule('node:tls') // where it is needed: it takes megabytes
  const answerHello = async (
    name: string,
    done: (error: Error | null, context?: SecureContext) => void,
  ): Promise<void> => {
    const door = await handlers.doorOf(name)
    if (door.kind === 'leaf') done(null, door.context)
    else done(new UndeclaredName(name))
  }
  const tls = createServer(
    {
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeMs,
      SNICallback: (name, done) => void answerHello(name.toLowerCase(), done),
    },
    (socket) => {
      // A record that is none, after the handshake: Node tells of it, and leaves the connection open.
      socket.on('error', () => socket.destroy())
      serve(socket, socket.alpnProtocol === 'h2')
    },
  )
  tls.on('tlsClientError', (error: Error & { code?: string }, socket) => {
    socket.destroy()
    const ours = error.code?.startsWith('ERR_SSL_') === true && !error.code.includes('_ALERT_')
    if (error instanceof UndeclaredName) handlers.onUndeclaredName(error.serverName)
    else if (ours) handlers.onUndeclaredName('') // no server name, no TLS, or TLS older than 1.2
  })
  return tls
}

/** Made at its first use: a box that stands by should not cost what it never needs. */
function lazy<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** Thrown into a handshake, to be told apart from the faults of TLS itself. */
class UndeclaredName extends Error {
  readonly serverName: string

  constructor(serverName: string) {
    super('no door has this name')
    this.serverName = serverName
  }
}
