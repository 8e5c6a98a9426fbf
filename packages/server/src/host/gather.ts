/** Bytes that come in parts, of which the whole is wanted. */
export interface Gathering {
  add(part: Uint8Array): void
  whole(): Buffer
}

/**
 * Gives the memory of parts back at once that were copied and are nobody else's. Left to the collector of garbage, they
 * make it run after every 64 MB, and each time everybody whom this thread serves waits for some 15 ms and more.
 */
export function giveBack(parts: readonly Uint8Array[]): void {
  for (const { buffer, byteLength } of parts)
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

/** Smaller parts are copied together, into pieces that double: most bodies are one small part, and few are many. */
const smallBytes = 1_024
const pieceBytes = 16_384
const noBytes = Buffer.alloc(0)

/**
 * Gathers parts in few pieces. Adversary: who sends a body byte by byte, in chunks, records or packets of one: each
 * part that is held costs some 470 bytes, so that a body of a few megabytes would take gigabytes.
 */
export function gather(): Gathering {
  const pieces: Uint8Array[] = []
  let open = noBytes
  let used = 0
  let lastBytes = 0
  /** What is left of a piece is filled later: nothing of it is wasted between two large parts. */
  const close = (): void => {
    if (used > 0) pieces.push(open.subarray(0, used))
    open = open.subarray(used)
    used = 0
  }
  return {
    add: (part) => {
      if (part.length >= smallBytes) {
        close()
        pieces.push(part)
        return
      }
      if (used + part.length > open.length) {
        close()
        lastBytes = Math.min(pieceBytes, Math.max(part.length, lastBytes * 2))
        open = Buffer.allocUnsafe(lastBytes)
      }
      open.set(part, used)
      used += part.length
    },
    whole: () => {
      close()
      const [only] = pieces
      return only instanceof Buffer && pieces.length === 1 ? only : Buffer.concat(pieces)
    },
  }
}

/**
 * The same where it is known how long the whole is, and nobody else has the parts: each is copied as it comes, and
 * given back. To copy five megabytes in one go, into memory that the kernel has yet to find, holds everybody up for
 * 5 ms.
 */
export function gatherInto(length: number): Gathering {
  const whole = Buffer.allocUnsafeSlow(length)
  let used = 0
  return {
    add: (part) => {
      whole.set(part, used)
      used += part.length
      giveBack([part])
    },
    whole: () => whole.subarray(0, used),
  }
}

/** So many parts are heard at once; then everybody else has a turn. */
export const partsInTurn: number = 512
/** Whoever streams rows or words of a text sends larger parts than this, or takes longer over them. */
const fineBytes = 32
const firstRestMs = 10
const longestRestMs = 100

/**
 * How long to ask for no more after so many parts came at once, in milliseconds. Parts that are very fine cost more
 * than they are worth: of a sender who goes on with them less and less is taken, and each sender is asked by itself.
 */
export function createRests(): (parts: number, bytes: number) => number {
  let restMs = firstRestMs / 2
  return (parts, bytes) => {
    if (parts < partsInTurn || bytes >= parts * fineBytes) return 0
    restMs = Math.min(restMs * 2, longestRestMs)
    return restMs
  }
}

/** So many parts are no sign of anything, whatever they hold. */
const freeParts = 4_096
const leastMeanBytes = 256

/**
 * True where so many parts for so few bytes have come that reading them costs more than they are worth. Adversary: who
 * has not said yet who they are, and pays for six bytes with a microsecond or two of ours.
 */
export function isTooFine(parts: number, bytes: number): boolean {
  return parts > freeParts + bytes / leastMeanBytes
}
