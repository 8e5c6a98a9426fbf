import type { Socket } from 'node:net'

/** Looks at the connections of one box for bytes that are part of no request. */
export interface StrayBytes {
  /** A connection that was made. */
  add(socket: Socket): void
  /** A request has begun on it; what comes is its body until `end`. */
  begin(socket: Socket): void
  /** Its body has ended, or it has none. */
  end(socket: Socket): void
  /** Code may run in the box from now on. */
  watch(): void
}

const everyMs = 1_000

/**
 * Tells of a connection on which so many bytes came within a second or so, and no request among them. Adversary: a
 * function that sends line ends. Node's parser lets them go ahead of a request, however many there are, and tells
 * nobody; at a gigabyte a second they take the whole thread that serves everybody. `watched` says whether code may run;
 * as long as nothing comes while it may not, there is nothing to look at.
 */
export function watchStrayBytes(maxBytes: number, watched: () => boolean, tell: (socket: Socket) => void): StrayBytes {
  const connections = new Map<Socket, { from: number; isBody: boolean }>()
  let timer: NodeJS.Timeout | undefined

  const watch = (): void => void (timer ??= setTimeout(look, everyMs).unref())
  const mark = (socket: Socket, isBody: boolean): void => {
    if (connections.has(socket)) connections.set(socket, { from: socket.bytesRead, isBody })
  }
  function look(): void {
    timer = undefined
    let moved = false
    for (const [socket, { from, isBody }] of connections) {
      const bytes = socket.bytesRead - from
      moved ||= bytes > 0
      if (isBody) continue
      if (bytes > maxBytes) tell(socket)
      else mark(socket, false)
    }
    if (connections.size > 0 && (moved || watched())) watch()
  }

  return {
    add: (socket) => {
      connections.set(socket, { from: socket.bytesRead, isBody: false })
      socket.once('close', () => connections.delete(socket))
      watch()
    },
    begin: (socket) => mark(socket, true),
    end: (socket) => mark(socket, false),
    watch,
  }
}
