import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'

/**
 * Ends a session that has had no stream for so long, and says so where a head had begun. Node's own timer would be set
 * anew by whatever comes, and to close a session waits for the streams that it has: a head without its end is one.
 */
export function watchSession(session: ServerHttp2Session, idleMs: number, tooSlow: () => void): void {
  const open = new Set<ServerHttp2Stream>()
  let idleSince = performance.now()
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    const leftMs = (open.size > 0 ? performance.now() : idleSince) + idleMs - performance.now()
    if (leftMs > 0) {
      timer = setTimeout(look, Math.ceil(leftMs)).unref()
      return
    }
    session.close()
    setImmediate(() => {
      if (session.destroyed) return
      tooSlow() // what it still waits for
      session.destroy()
    })
  }
  timer = setTimeout(look, idleMs).unref()
  session.once('close', () => clearTimeout(timer))
  session.on('stream', (stream) => {
    if (stream.destroyed) return
    open.add(stream)
    stream.once('close', () => {
      open.delete(stream)
      idleSince = performance.now()
    })
  })
}

/**
 * Gives up a stream of whose answer nothing is taken for so long, and says so; what is still to come from upstream may
 * take its time. Adversary: code in a box that asks for much and lets a window of 0 stand.
 */
export function watchAnswer(stream: ServerHttp2Stream, idleMs: number, unread: () => void): () => void {
  let takenAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  const taken = (): void => void (takenAt = performance.now())
  const look = (): void => {
    if (stream.writableLength === 0) taken() // nothing is there to be taken
    const leftMs = takenAt + idleMs - performance.now()
    if (leftMs > 0) {
      timer = setTimeout(look, Math.ceil(leftMs)).unref()
      return
    }
    unread()
    stream.destroy(new Error('nobody reads the answer'))
  }
  timer = setTimeout(look, idleMs).unref()
  stream.once('close', () => clearTimeout(timer))
  return taken
}
