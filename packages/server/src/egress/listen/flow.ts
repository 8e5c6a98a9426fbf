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
  return sink
}
