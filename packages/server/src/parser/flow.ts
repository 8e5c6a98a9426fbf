import type { Duplex, Readable, Writable } from 'node:stream'

/**
 * Joins two streams with backpressure, so that the early end of either ends the other: a broken stream must never be
 * taken for a short answer. `pipeline` does the same, at the cost of an abort with a stack for every answer.
 */
export function flow<T extends Writable | Duplex>(source: Readable, sink: T): T {
  source.once('error', () => sink.destroy(new Error('the source broke')))
  source.once('close', () => {
    if (!source.readableEnded) sink.destroy(new Error('the source ended early'))
  })
  sink.once('close', () => source.destroy())
  sink.once('error', () => source.destroy())
  source.pipe(sink)
  endIfBroken(source, sink, 'the source ended early')
  if (sink.destroyed) source.destroy()
  return sink
}

/** Passes a body on. Where nobody wants it any more it stays unread: the connection that it comes by has more to do. */
export function passOn(body: Readable, sink: Writable): void {
  body.once('error', () => sink.destroy(new Error('the body broke')))
  body.once('close', () => {
    if (!body.readableEnded) sink.destroy(new Error('the body ended early'))
  })
  body.pipe(sink)
  endIfBroken(body, sink, 'the body ended early')
}

/** What broke before anybody listened never says so again: an answer would wait for ever. */
function endIfBroken(source: Readable, sink: Writable, words: string): void {
  if (source.destroyed && !source.readableEnded) sink.destroy(new Error(words))
}

/** Joins two connections both ways: the break of either breaks the other, and what ends on one side ends on both. */
export function splice(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to)
    from.once('error', () => to.destroy())
    from.once('close', () => {
      if (from.readableEnded) to.resume() // what still comes goes nowhere
      else to.destroy()
    })
  }
  if (one.destroyed) other.destroy()
  if (other.destroyed) one.destroy()
}
