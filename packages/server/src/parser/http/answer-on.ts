import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { type Answer, merged } from '../answer.ts'
import { flow } from '../flow.ts'

/** Writes an answer of any kind on a connection that no server has. `done` is called once all of it has gone. */
export function answerOn(socket: Socket, method: string, answer: Answer, done: () => void, keepAlive = true): void {
  if (socket.destroyed) {
    if (!(answer.body instanceof Uint8Array)) answer.body.destroy()
    return
  }
  const { IncomingMessage, ServerResponse } = process.getBuiltinModule('node:http')
  const message = Object.assign(new IncomingMessage(socket), { method, httpVersionMajor: 1, httpVersionMinor: 1 })
  const response = new ServerResponse(message)
  response.shouldKeepAlive = keepAlive
  response.assignSocket(socket)
  const onDrain = (): boolean => response.emit('drain') // a server would pass it on
  socket.on('drain', onDrain)
  response.once('finish', () => {
    socket.off('drain', onDrain)
    response.detachSocket(socket)
    done()
  })
  writeAnswer(answer, response)
}

/** The same on a response that is at hand. */
export function writeAnswer({ status, headers, body, trailers }: Answer, response: ServerResponse): void {
  response.writeHead(status, merged(headers))
  const sendTrailers = (): void => {
    const pairs = trailers?.() ?? []
    if (pairs.length > 0) response.addTrailers(merged(pairs))
  }
  if (body instanceof Uint8Array) {
    if (trailers !== undefined && !response.hasHeader('content-length')) sendTrailers()
    response.end(body)
  } else {
    body.once('end', sendTrailers)
    flow(body, response)
  }
}
