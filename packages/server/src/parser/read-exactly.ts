import type { Duplex } from 'node:stream'

/**
 * Exactly so many bytes from a stream, the rest left in it; undefined where it ends first. Adversary: whoever is at the
 * other end and sends a byte an hour; the stream is ended by its owner's timer, and then this ends too.
 */
export function readExactly(stream: Duplex, length: number): Promise<Buffer | undefined> {
  if (length === 0) return Promise.resolve(Buffer.alloc(0))
  return new Promise((resolve) => {
    const finish = (bytes: Buffer | undefined): void => {
      for (const event of ['end', 'close', 'error']) stream.off(event, end)
      stream.off('readable', attempt)
      resolve(bytes)
    }
    const end = (): void => finish(undefined)
    const attempt = (): void => {
      const bytes: unknown = stream.read(length)
      if (bytes instanceof Buffer) finish(bytes.length === length ? bytes : undefined)
      else if (stream.readableEnded || stream.destroyed) end()
    }
    for (const event of ['end', 'close', 'error']) stream.once(event, end)
    stream.on('readable', attempt)
    attempt()
  })
}
