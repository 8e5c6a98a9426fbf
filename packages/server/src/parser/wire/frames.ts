/**
 * What goes over the channel between a parser and the server: `length, kind, id, payload`, numbers big-endian, the
 * length that of the payload. An id stands for one exchange; the parser gives them out, each higher than the last.
 */
export const kinds = {
  /** Part of a stream: of a request's body, of an answer's, or of a tunnel. Bounded by credit. */
  data: 1,
  /** Its writer has ended it, as it meant to. */
  end: 2,
  /** Its writer sends nothing more, whether it had ended it or not. */
  close: 3,
  /** So many more bytes may come. */
  credit: 4,

  // Of the parser.
  request: 16,
  upgrade: 17,
  malformed: 18,
  name: 19,
  undeclared: 20,
  limit: 21,
  question: 22,
  unreadable: 23,
  port: 24,
  opaque: 25,
  greeting: 26,
  cleared: 27,

  // Of the server.
  settings: 32,
  answer: 33,
  trailers: 34,
  proceed: 35,
  named: 36,
  resolved: 37,
  relay: 38,
  greet: 39,
  clear: 40,
} as const

/** One of `kinds`. */
export type Kind = (typeof kinds)[keyof typeof kinds]

/** Bytes before a payload. */
const headBytes = 9
/** More than any payload that either side sends: heads are bounded, and bodies go in parts. */
export const maxPayloadBytes: number = 256 * 1024

/** A frame, ready to be written. */
export function frame(kind: Kind, id: number, payload?: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes + (payload?.length ?? 0))
  bytes.writeUInt32BE(payload?.length ?? 0, 0)
  bytes[4] = kind
  bytes.writeUInt32BE(id, 5)
  if (payload !== undefined) bytes.set(payload, headBytes)
  return bytes
}

/** Why bytes are no frames. */
export type FrameFault = 'too_large' | 'kind'

/**
 * Cuts what comes over a channel into frames. Adversary: a parser that was taken over. `take` hears of each whole one;
 * its payload is a view, and must be copied where it is kept. Bytes may be written over once they were read. Gives back
 * what is wrong with them; nothing is read after that.
 */
export function frameReader(
  known: ReadonlySet<number>,
  take: (kind: Kind, id: number, payload: Buffer) => void,
): (bytes: Buffer) => FrameFault | undefined {
  let held: Buffer[] = []
  let heldBytes = 0
  let needed = headBytes
  return (bytes) => {
    heldBytes += bytes.length
    if (heldBytes < needed) {
      held.push(Buffer.from(bytes))
      return undefined
    }
    let all = held.length === 0 ? bytes : Buffer.concat([...held, bytes])
    for (;;) {
      needed = headBytes
      if (all.length < needed) break
      const length = all.readUInt32BE(0)
      const kind = all[4] ?? 0
      if (length > maxPayloadBytes) return 'too_large'
      if (!known.has(kind)) return 'kind'
      needed += length
      if (all.length < needed) break
      take(kind as Kind, all.readUInt32BE(5), all.subarray(headBytes, needed))
      all = all.subarray(needed)
    }
    held = all.length === 0 ? [] : [Buffer.from(all)]
    heldBytes = all.length
    return undefined
  }
}
