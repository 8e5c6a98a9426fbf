import type { Socket } from 'node:net'

/** What becomes of a connection between two requests. */
export interface Watch {
  /** A head is complete; false where the request before it is not answered yet. */
  begin(): boolean
  /** Its answer has gone. */
  finish(): void
  end(): void
}

/**
 * Ends a connection on which no head is complete in time, and says so where one had begun: silence is no fault. One
 * timer for all requests of a connection, which looks at the clock when it is over: to set one each time costs more.
 */
export function watchOver(socket: Socket, idleMs: number, tooSlow: () => void): Watch {
  let idleSince: number | undefined = performance.now()
  let heard = socket.bytesRead - socket.readableLength // what was put back is the beginning of a head
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    const leftMs = idleSince === undefined ? idleMs : idleSince + idleMs - performance.now()
    if (leftMs > 0) {
      timer = setTimeout(look, Math.ceil(leftMs)).unref()
      return
    }
    if (socket.bytesRead > heard) tooSlow()
    socket.destroy()
  }
  timer = setTimeout(look, idleMs).unref()
  return {
    begin: () => {
      if (idleSince === undefined) return false
      idleSince = undefined
      return true
    },
    finish: () => {
      idleSince = performance.now()
      heard = socket.bytesRead
    },
    end: () => clearTimeout(timer),
  }
}
