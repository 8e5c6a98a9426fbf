/** Frames that wait in memory until the disk takes them again; bounded, so that a full disk cannot eat the memory. */
export interface Spool<Waiting> {
  /** False when there is no room; the caller then counts a loss. */
  readonly keep: (frame: Uint8Array, waiting: Waiting) => boolean
  readonly isEmpty: () => boolean
  readonly bytes: () => Uint8Array
  readonly take: () => readonly Waiting[]
}

/** Makes a spool of at most `maxBytes`. */
export function createSpool<Waiting>(maxBytes: number): Spool<Waiting> {
  let frames: Uint8Array[] = []
  let waiting: Waiting[] = []
  let length = 0
  return {
    keep: (frame, waiter) => {
      if (length + frame.length > maxBytes) return false
      frames.push(new Uint8Array(frame)) // a copy: a Buffer's own `slice` would be a view of bytes that are reused
      waiting.push(waiter)
      length += frame.length
      return true
    },
    isEmpty: () => frames.length === 0,
    bytes: () => Buffer.concat(frames),
    take: () => {
      const taken = waiting
      frames = []
      waiting = []
      length = 0
      return taken
    },
  }
}
