// The process that parses what one box sends. It is started without environment, files or network, is handed the
// listeners of that box and a channel to the server, and ends when the server does.
import { Socket as DatagramSocket } from 'node:dgram'
import { Server, Socket } from 'node:net'

import { serveParser } from './serve.ts'

/** The descriptor of the channel; the other one, on which the listeners come, is closed before anything is served. */
const channelDescriptor = 4

const given = new Map<string, unknown>()
let serves = false

process.on('message', (name: unknown, handle: unknown) => {
  if (name !== 'serve') return void given.set(String(name), handle)
  serves = true
  process.disconnect()
  const [http, https, dns] = [given.get('http'), given.get('https'), given.get('dns')]
  if (!(http instanceof Server && https instanceof Server && dns instanceof DatagramSocket)) process.exit(1)
  const tcp = new Map(
    [...given].flatMap(([key, server]) => {
      const [, port] = /^tcp (\d+)$/.exec(key) ?? []
      return port !== undefined && server instanceof Server ? [[Number(port), server] as const] : []
    }),
  )
  // What comes is read into one piece of memory: a new one for each frame costs as much as the frame does.
  const buffer = Buffer.allocUnsafeSlow(64 * 1024)
  const callback = (size: number): true => {
    hear(buffer.subarray(0, size))
    return true
  }
  const channel = new Socket({ fd: channelDescriptor, readable: true, writable: true, onread: { buffer, callback } })
  const hear = serveParser(channel, { http, https, dns, tcp }, () => process.exit(0))
})
// The server has gone before it had handed anything over.
process.on('disconnect', () => serves || process.exit(0))
