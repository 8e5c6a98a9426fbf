import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'

import { SallyportError } from '@sallyport/core/access'

import { type AnswerSink, answerSink } from '../answer-sink.ts'
import type { UpstreamAnswer, UpstreamCall } from '../upstream-call.ts'
import type { AnswerHead } from './answer-head.ts'
import { answerReader, type AnswerReader } from './answer-reader.ts'
import { createDeadline } from './deadline.ts'
import { mayConfuse, requestBytes } from './request-bytes.ts'
import { sendChunks } from './send-chunks.ts'

/** A connection to an upstream, for one call at a time. */
export interface Connection {
  /** `done` and `failed` are called once between them. Throws `upstream.unwritable`, and then nothing was sent. */
  send(call: UpstreamCall, done: (answer: UpstreamAnswer) => void, failed: (error: unknown) => void): void
  /** Bytes came; true where more may. They are copied where they are kept. */
  hear(bytes: Buffer): boolean
  /** False once either side has ended it. */
  isOpen(): boolean
  destroy(): void
}

/** Told by a connection. */
export interface ConnectionEvents {
  /** Another call may follow. */
  readonly onFree: () => void
  readonly onClose: () => void
}

/** One call, from its first byte to the last of its answer. */
interface Exchange {
  readonly sink: AnswerSink
  readonly reader: AnswerReader
  readonly timeoutMs: number
  /** What another call may follow, once it is over. */
  keeps: boolean
  keepMs: number
  answered: boolean
  paused: boolean
  /** Stops the request's body where that still goes out. */
  stop: (() => void) | undefined
}

/** Where the upstream says nothing, a connection that nobody uses is closed after this time. */
const idleMs = 4_000
const longestIdleMs = 600_000
/** An upstream closes after the time that it says, and what is just being sent then is lost. */
const marginMs = 2_000

/**
 * Serves calls one after the other. Another one follows only after an exchange that was whole and clean on both sides:
 * a request that had gone out, an answer whose end was beyond doubt, and nothing behind it. Adversary: an upstream that
 * says more than it was asked, so that the next caller hears it.
 */
export function openConnection(socket: Socket, host: string, { onFree, onClose }: ConnectionEvents): Connection {
  const tls = socket instanceof TLSSocket ? (socket.getProtocol() ?? 'none') : 'none'
  let current: Exchange | undefined
  let broken: unknown
  const deadline = createDeadline(() => {
    if (current === undefined) socket.destroy()
    else if (current.paused) deadline.set(current.timeoutMs) // it is we who let it wait
    else fail(new SallyportError('upstream.timeout', 'the upstream did not answer in time'))
  })

  function fail(error: unknown): void {
    const failed = current
    current = undefined
    socket.destroy()
    failed?.stop?.()
    if (failed?.answered === false) failed.sink.error(error)
  }

  function finish(exchange: Exchange): void {
    current = undefined
    const clean = exchange.keeps && exchange.stop === undefined && socket.writableLength === 0 && !socket.destroyed
    exchange.stop?.()
    if (!clean || exchange.keepMs <= 0) return void socket.destroy()
    if (exchange.paused) socket.resume()
    exchange.paused = false
    deadline.set(exchange.keepMs)
    onFree()
  }

  function hear(bytes: Buffer): boolean {
    const exchange = current
    if (exchange === undefined) {
      socket.destroy() // nobody asked
      return false
    }
    const fault = exchange.reader.read(bytes)
    if (current !== exchange) return false
    if (fault !== undefined) fail(new SallyportError('upstream.malformed', `the answer is no HTTP (${fault})`))
    else if (exchange.answered) finish(exchange)
    else exchange.sink.turn()
    return !exchange.paused
  }

  function begin(
    { method, signal, timeoutMs }: UpstreamCall,
    keeps: boolean,
    done: (answer: UpstreamAnswer) => void,
    failed: (error: unknown) => void,
  ): Exchange {
    const flow = {
      pause: () => {
        if (current !== exchange) return
        exchange.paused = true
        socket.pause()
      },
      resume: () => {
        if (current !== exchange || !exchange.paused) return
        exchange.paused = false
        deadline.set(timeoutMs)
        socket.resume()
      },
      abort: (reason: Error) => {
        if (current === exchange) fail(reason)
      },
    }
    const sink = answerSink({ signal }, flow, () => tls, done, failed)
    const reader = answerReader(method, {
      // Bytes by themselves give no more time: of a head that comes byte by byte there could be hours.
      head: (head) => {
        deadline.set(timeoutMs)
        exchange.keeps &&= head.keeps
        exchange.keepMs = keepMsOf(head)
        sink.head(head, typeof head.body === 'number' ? head.body : undefined)
      },
      part: (bytes) => {
        deadline.set(timeoutMs)
        sink.part(Buffer.from(bytes))
      },
      end: (trailers) => {
        exchange.answered = true
        sink.end(trailers)
      },
    })
    const exchange: Exchange = {
      sink,
      reader,
      timeoutMs,
      keeps,
      keepMs: idleMs,
      answered: false,
      paused: false,
      stop: undefined,
    }
    return exchange
  }

  deadline.set(idleMs)
  socket.on('error', (error) => (broken = error))
  socket.on('end', () => {
    const exchange = current
    if (exchange?.reader.close() !== undefined) return // `close` says so
    current = undefined
    exchange?.stop?.()
  })
  socket.on('close', () => {
    deadline.clear()
    fail(broken ?? new SallyportError('upstream.unreachable', 'the upstream broke off'))
    onClose()
  })

  return {
    send: (call, done, failed) => {
      const bytes = requestBytes(call, host)
      const exchange = begin(call, !mayConfuse(call), done, failed)
      current = exchange
      deadline.set(call.timeoutMs)
      socket.write(bytes)
      if (!(call.body instanceof Readable)) return
      exchange.stop = sendChunks(call.body, socket, {
        moves: () => deadline.set(call.timeoutMs),
        whole: () => void (exchange.stop = undefined),
        broke: (error) => {
          exchange.stop = undefined
          if (current === exchange) fail(error)
        },
      })
    },
    hear,
    isOpen: () => !socket.destroyed && !socket.readableEnded && socket.writable,
    destroy: () => fail(new SallyportError('upstream.aborted', 'the connection was ended')),
  }
}

function keepMsOf({ keepsSeconds }: AnswerHead): number {
  return keepsSeconds === undefined ? idleMs : Math.min(longestIdleMs, keepsSeconds * 1000 - marginMs)
}
