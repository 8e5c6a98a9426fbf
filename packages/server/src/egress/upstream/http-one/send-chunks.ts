import type { Readable, Writable } from 'node:stream'

/** What becomes of a body on its way. */
export interface SendingEvents {
  readonly moves: () => void
  readonly whole: () => void
  readonly broke: (error: Error) => void
}

/**
 * Sends a body of unknown length in chunks (RFC 9112 §7.1), no faster than it is taken. `broke` is told where the body
 * does not come to its end: what was sent must then never look whole, so no last chunk is. Gives back what stops it.
 */
export function sendChunks(body: Readable, to: Writable, { moves, whole, broke }: SendingEvents): () => void {
  const onData = (part: Buffer): void => {
    if (part.length === 0) return // it would be the last one
    moves()
    to.cork()
    to.write(`${part.length.toString(16)}\r\n`, 'latin1')
    to.write(part)
    const more = to.write('\r\n', 'latin1')
    to.uncork()
    if (!more) body.pause()
  }
  const onDrain = (): void => void body.resume()
  const onEnd = (): void => {
    stop()
    to.write('0\r\n\r\n', 'latin1')
    whole()
  }
  const onError = (error: Error): void => {
    stop()
    broke(error)
  }
  const onClose = (): void => onError(new Error('the body of the request broke off'))
  const stop = (): void => {
    body.off('data', onData)
    body.off('end', onEnd)
    body.off('close', onClose)
    to.off('drain', onDrain)
  }
  body.on('end', onEnd)
  body.on('error', onError)
  body.on('close', onClose)
  to.on('drain', onDrain)
  if (body.destroyed) onClose()
  else body.on('data', onData)
  return () => {
    stop()
    body.destroy()
  }
}
