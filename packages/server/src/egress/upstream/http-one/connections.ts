import type { OnReadOpts, Socket } from 'node:net'
import { Readable } from 'node:stream'

import { SallyportError } from '@sallyport/core/access'
import type { buildConnector } from 'undici'

import type { UpstreamAnswer, UpstreamCall } from '../upstream-call.ts'
import { type Connection, openConnection } from './connection.ts'

/** The connections in HTTP/1.1 to one origin, under one key. */
export interface Connections {
  /** `done` and `failed` are called once between them. */
  call(call: UpstreamCall, done: (answer: UpstreamAnswer) => void, failed: (error: unknown) => void): void
  /** Ends those that nobody uses, and the others once they are not used any more. */
  close(): void
  /** Ends all of them. */
  destroy(): void
}

interface Waiting {
  readonly call: UpstreamCall
  readonly done: (answer: UpstreamAnswer) => void
  readonly failed: (error: unknown) => void
}

/** What is read from any connection lies here until it has been heard, which is before anything else is read. */
const heard = Buffer.allocUnsafeSlow(64 * 1024)

/** Calls beyond `most` wait for their turn. `connectorWith` makes what makes connections that are read so. */
export function createConnections(
  origin: string,
  most: number,
  connectorWith: (onread: OnReadOpts) => buildConnector.connector,
): Connections {
  const { protocol, host, hostname, port } = new URL(origin)
  const connections = new WeakMap<Socket, Connection>()
  const connect = connectorWith({
    buffer: heard,
    callback(this: Socket, size: number): boolean {
      return connections.get(this)?.hear(heard.subarray(0, size)) ?? true
    },
  })
  const open = new Set<Connection>()
  const idle: Connection[] = []
  const waiting = new Set<Waiting>()
  let connecting = 0
  let closing = false

  function begin(one: Waiting): void {
    let connection = idle.pop()
    while (connection?.isOpen() === false) connection = idle.pop()
    if (connection !== undefined) sendOn(connection, one)
    else if (open.size + connecting < most) connectFor(one)
    else wait(one)
  }

  function sendOn(connection: Connection, { call, done, failed }: Waiting): void {
    if (call.body instanceof Readable && call.body.destroyed) {
      failed(call.body.errored ?? new Error('the body of the request broke off'))
      return free(connection)
    }
    try {
      connection.send(call, done, failed)
    } catch (error) {
      failed(error)
      free(connection) // nothing was sent
    }
  }

  /** What ends before its turn is told at once. */
  function wait(one: Waiting): void {
    const abort = (): void => {
      if (waiting.delete(one)) one.failed(aborted())
    }
    waiting.add(one)
    one.call.signal.addEventListener('abort', abort, { once: true })
  }

  function next(): Waiting | undefined {
    const [first] = waiting
    if (first !== undefined) waiting.delete(first)
    return first
  }

  function connectFor(one: Waiting): void {
    connecting += 1
    wait(one)
    connect({ protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port }, (error, socket) => {
      connecting -= 1
      if (error !== null) {
        if (waiting.delete(one)) one.failed(error)
        return more()
      }
      const opened = openConnection(socket, host, {
        onFree: () => free(opened),
        onClose: () => {
          open.delete(opened)
          const at = idle.indexOf(opened)
          if (at >= 0) idle.splice(at, 1)
          more()
        },
      })
      connections.set(socket, opened)
      open.add(opened)
      if (waiting.delete(one)) sendOn(opened, one)
      else free(opened)
    })
  }

  function free(connection: Connection): void {
    const one = next()
    if (one !== undefined) sendOn(connection, one)
    else if (closing) connection.destroy()
    else idle.push(connection)
  }

  /** Who waits for a connection that is no more has another one made. */
  function more(): void {
    if (waiting.size <= connecting || open.size + connecting >= most) return
    const one = next()
    if (one !== undefined) connectFor(one)
  }

  return {
    call: (call, done, failed) => {
      if (call.body instanceof Readable) call.body.on('error', () => undefined) // whoever sends it looks for itself
      if (call.signal.aborted) failed(aborted())
      else begin({ call, done, failed })
    },
    close: () => {
      closing = true
      for (const connection of idle.splice(0)) connection.destroy()
    },
    destroy: () => {
      closing = true
      for (const { failed } of waiting) failed(aborted())
      waiting.clear()
      for (const connection of open) connection.destroy()
    },
  }
}

function aborted(): SallyportError {
  return new SallyportError('upstream.aborted', 'the call was aborted')
}
