import { type Duplex, Transform } from 'node:stream'

/**
 * Streams in a row with backpressure; the break of any breaks them all, and the early end of the first too. What is
 * gone by now says so to nobody any more: its neighbours would wait for ever.
 */
export function join(first: Duplex, ...rest: readonly Duplex[]): void {
  const breakAll = (): void => {
    for (const stream of [first, ...rest]) stream.destroy()
  }
  let from = first
  for (const stream of rest) from = from.pipe(stream)
  for (const stream of [first, ...rest]) stream.once('error', breakAll)
  first.once('close', () => {
    if (!first.readableEnded) breakAll()
  })
  if ([first, ...rest].some(({ destroyed }) => destroyed)) breakAll()
}

/** Lets bytes through and counts them. */
export function counter(): { readonly stream: Duplex; readonly bytes: () => number } {
  let bytes = 0
  const stream = new Transform({
    transform: (part: Buffer, _, done) => {
      bytes += part.length
      done(null, part)
    },
  })
  return { stream, bytes: () => bytes }
}
