import { Duplex } from 'node:stream'

import { frame, frameReader, type Kind, kinds } from './frames.ts'

/** Frames one way and the other, and streams within them. */
export interface Link {
  /** Bytes came, where the channel is read in another way than by `data`. They may be written over afterwards. */
  hear(bytes: Buffer): void
  send(kind: Kind, id: number, payload?: Uint8Array): void
  /**
   * The stream of one exchange, both ways unless it is said that nothing comes, or that nothing goes. It is destroyed
   * where the other side gives it up, and gives itself up by being destroyed. Nothing has to listen for its `error`.
   */
  stream(id: number, ways?: StreamWays): Duplex
  /** Forgets every stream: what was open is destroyed, and frames of it that are still on their way are let go. */
  forgetStreams(): void
  /** From now on none of those can come any more. */
  expectNoMore(): void
  /** Ends the channel: nothing more is read, not even what has come already. */
  destroy(): void
}

/** Which ways a stream has; both where nothing is said. */
interface StreamWays {
  readonly readable?: boolean
  readonly writable?: boolean
}

/** The end of one side of the channel. */
export interface LinkEnd {
  /** The server lets a parser send nothing of a body that nobody reads yet; its own answers may begin at once. */
  readonly side: 'server' | 'parser'
  /** A frame that is no part of a stream. Its payload is a view. */
  readonly onFrame: (kind: Kind, id: number, payload: Buffer) => void
  /** The other side sent what it may not; the channel is no more. */
  readonly onFault: (fault: string) => void
  /** The channel has ended. */
  readonly onEnd: () => void
  /** Asked after so many frames: nothing is read until what it gives back has resolved. */
  readonly pauseAfter?: (frames: number) => Promise<unknown> | undefined
}

/** What of one stream may be under way, one way. */
export const windowBytes: number = 32 * 1024
/** What the other side has not read yet; beyond this, it is not read either. */
const maxUnreadBytes = 1024 * 1024

const streamKinds: readonly number[] = [kinds.data, kinds.end, kinds.close, kinds.credit]
const ofParser: ReadonlySet<number> = new Set(Object.values(kinds).filter((kind) => kind < kinds.settings))
const ofServer: ReadonlySet<number> = new Set([
  ...streamKinds,
  ...Object.values(kinds).filter((kind) => kind >= kinds.settings),
])

/** Opens one end of a channel. Adversary, for the server: a parser that was taken over. */
export function openLink(
  channel: Duplex,
  { side, onFrame, onFault, onEnd, pauseAfter = () => undefined }: LinkEnd,
): Link {
  const streams = new Map<number, LinkedStream>()
  let broken = false
  let onTheWay = false
  let frames = 0

  const send = (kind: Kind, id: number, payload?: Uint8Array): void => {
    if (!broken && channel.writable) channel.write(frame(kind, id, payload))
  }
  const fail = (fault: string): void => {
    if (broken) return
    broken = true
    forgetStreams()
    channel.destroy()
    onFault(fault)
  }
  const read = frameReader(side === 'server' ? ofParser : ofServer, (kind, id, payload) => {
    if (broken) return
    frames += 1
    if (!streamKinds.includes(kind)) return onFrame(kind, id, payload)
    const stream = streams.get(id)
    if (stream === undefined && onTheWay) return
    const fault = stream === undefined ? 'stream' : stream.take(kind, payload)
    if (fault !== undefined) fail(fault)
    else if (stream?.isOver() === true) streams.delete(id)
  })

  const hear = (bytes: Buffer): void => {
    if (broken) return
    frames = 0
    const fault = read(bytes)
    if (fault !== undefined) return fail(fault)
    if (channel.destroyed) return
    const full = channel.writableLength > maxUnreadBytes
    const wait = full ? new Promise((resolve) => channel.once('drain', resolve)) : pauseAfter(frames)
    if (wait === undefined) return
    channel.pause()
    void wait.then(() => channel.resume())
  }
  channel.on('data', hear)
  channel.on('error', () => channel.destroy())
  channel.on('end', () => channel.destroy())
  channel.once('close', () => {
    broken = true
    forgetStreams()
    onEnd()
  })

  function forgetStreams(): void {
    onTheWay = true
    const open = [...streams.values()]
    streams.clear()
    for (const stream of open) stream.forget()
  }

  return {
    hear,
    send,
    stream: (id, ways = {}) => {
      const linked = linkedStream(id, ways, side, send, () => streams.delete(id))
      streams.set(id, linked)
      return linked.stream
    },
    forgetStreams,
    expectNoMore: () => void (onTheWay = false),
    destroy: () => {
      broken = true
      forgetStreams()
      channel.destroy()
    },
  }
}

/** What a frame of `credit` says. */
export function creditOf(bytes: number): Buffer {
  const payload = Buffer.allocUnsafe(4)
  payload.writeUInt32BE(bytes, 0)
  return payload
}

interface LinkedStream {
  readonly stream: Duplex
  /** A frame of the other side; gives back what is wrong with it. */
  take(kind: number, payload: Buffer): string | undefined
  /** Both sides have closed it. */
  isOver(): boolean
  forget(): void
}

function linkedStream(
  id: number,
  { readable = true, writable = true }: StreamWays,
  side: 'server' | 'parser',
  send: Link['send'],
  remove: () => void,
): LinkedStream {
  let [sendable, receivable] = side === 'server' ? [windowBytes, 0] : [0, windowBytes]
  let rest: { readonly bytes: Buffer; readonly done: () => void } | undefined
  let theirs: 'open' | 'ended' | 'closed' = readable ? 'open' : 'ended'
  let [ended, closed, forgotten] = [!writable, false, false]

  const flush = (): void => {
    while (rest !== undefined && sendable > 0) {
      const { bytes, done } = rest
      const part = bytes.subarray(0, sendable)
      sendable -= part.length
      send(kinds.data, id, part)
      rest = part.length === bytes.length ? undefined : { bytes: bytes.subarray(part.length), done }
      if (rest === undefined) done()
    }
  }
  const options = {
    readable,
    writable,
    highWaterMark: windowBytes,
    read: () => {
      if (theirs !== 'open' || receivable >= windowBytes / 2) return
      const more = windowBytes - receivable
      receivable = windowBytes // first: over a channel in memory the answer may be here before `send` returns
      send(kinds.credit, id, creditOf(more))
    },
    write: (bytes: Buffer, _: unknown, done: () => void) => {
      if (bytes.length === 0) return done()
      rest = { bytes, done }
      flush()
    },
    final: (done: () => void) => {
      ended = true
      send(kinds.end, id)
      done()
    },
    destroy: (error: Error | null, done: (error: Error | null) => void) => {
      closed = true
      rest = undefined
      if (!forgotten) send(kinds.close, id)
      if (forgotten || theirs === 'closed') remove()
      done(error)
    },
  }
  const stream: Duplex = new Duplex(options)
  stream.on('error', () => undefined) // whoever uses it hears `close` too

  return {
    stream,
    isOver: () => closed && theirs === 'closed',
    forget: () => {
      forgotten = true
      stream.destroy(new Error('the exchange is over'))
    },
    take: (kind, payload) => {
      if (theirs === 'closed') return 'stream'
      switch (kind) {
        case kinds.data:
          // Both are promises that its writer has to keep, also where nobody reads any more.
          if (theirs !== 'open' || payload.length === 0 || payload.length > receivable) return 'credit'
          receivable -= payload.length
          if (!closed) stream.push(Buffer.from(payload))
          return undefined
        case kinds.end:
          if (theirs !== 'open') return 'stream'
          theirs = 'ended'
          if (!closed) stream.push(null)
          return undefined
        case kinds.credit: {
          if (payload.length !== 4) return 'credit'
          sendable += payload.readUInt32BE(0)
          if (sendable > windowBytes) return 'credit'
          flush()
          return undefined
        }
        default: {
          const whole = theirs === 'ended' && ended
          theirs = 'closed'
          if (!closed && !whole) stream.destroy(new Error('the other side gave it up'))
          return undefined
        }
      }
    },
  }
}
