import type { Socket } from 'node:net'

import type { Answer } from '../answer.ts'
import type { ListenerHandlers, ListenerLimits } from '../handlers.ts'
import { answerOn } from './answer-on.ts'
import { plainAnswer } from './plain-answer.ts'
import { type PlainRequest, readPlain } from './plain-request.ts'
import { watchOver } from './watch.ts'

/** Of a body that has come nothing is asked for. */
const proceed = (): void => undefined

/** The beginning of HTTP/2 (RFC 9113 §3.4); three letters of no method tell it from HTTP/1.1. */
const preface = 'PRI'

/**
 * Serves a connection as long as each of its requests is plain, without the layers of a general server: they take
 * longer than everything else that is done here. At the first request that is not, `other` has the connection for
 * good, with its bytes put back; what it speaks is told by the first of them.
 */
export function servePlain(
  socket: Socket,
  from: { readonly scheme: 'http' | 'https'; readonly serverName: string | undefined },
  limits: ListenerLimits,
  handlers: ListenerHandlers,
  other: (socket: Socket, speaks: '1.1' | '2') => void,
): void {
  const localAddress = socket.localAddress ?? ''
  const watch = watchOver(socket, limits.idleMs, () => handlers.onLimit('exit.too_slow'))
  // Whoever has said all that it has to say still hears the answer (RFC 9112 §9.6).
  socket.allowHalfOpen = true
  let early: Buffer | undefined
  let busy = false
  let mayBeTwo = from.scheme === 'http' // within TLS it is agreed on beforehand (RFC 9113 §3.2)

  function onData(bytes: Buffer): void {
    const all = early === undefined ? bytes : Buffer.concat([early, bytes])
    early = undefined
    if (busy) {
      // A second request before the first is answered: nobody needs it, and it blurs whose request is whose.
      if (all.length <= limits.headerBytes && !all.includes('\r\n\r\n')) early = all
      else {
        handlers.onLimit('exit.pipelined')
        socket.destroy()
      }
      return
    }
    const start = mayBeTwo ? all.toString('latin1', 0, preface.length) : ''
    if (mayBeTwo && start.length < preface.length && preface.startsWith(start)) {
      early = all
      return
    }
    const request = readPlain(all, limits.headerBytes)
    if (request === undefined) return handOver(all, mayBeTwo && start === preface ? '2' : '1.1')
    mayBeTwo = false
    begin(request)
  }

  function begin({ method, target, rawHeaders, body: bytes }: PlainRequest): void {
    busy = true
    watch.begin()
    const { scheme, serverName } = from
    const body = { kind: 'whole', bytes } as const
    void handlers
      .onRequest({ scheme, protocol: '1.1', serverName, method, target, rawHeaders, localAddress, body, proceed })
      .then((answer) => send(answer, method))
  }

  function send(answer: Answer, method: string): void {
    const bytes = socket.destroyed ? undefined : plainAnswer(answer, method, limits.idleMs)
    if (bytes === undefined) answerOn(socket, method, answer, finish)
    else socket.write(bytes, finish)
  }

  /** Only once it has gone: whoever does not read is not served. */
  function finish(): void {
    busy = false
    watch.finish()
    if (socket.readableEnded) onEnd()
    else if (early !== undefined && !socket.destroyed) onData(Buffer.alloc(0))
  }

  function onEnd(): void {
    if (!busy) socket.end()
  }

  function handOver(bytes: Buffer, speaks: '1.1' | '2'): void {
    watch.end()
    socket.off('data', onData)
    socket.off('end', onEnd)
    socket.off('close', watch.end)
    socket.allowHalfOpen = speaks === '1.1'
    socket.pause()
    socket.unshift(bytes)
    other(socket, speaks)
    if (speaks === '1.1') socket.resume() // HTTP/2 takes what was put back by itself
  }

  socket.on('data', onData)
  socket.once('end', onEnd)
  socket.once('close', watch.end)
}
