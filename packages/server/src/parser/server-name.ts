import type { Socket } from 'node:net'

/** What was found at the start of a TLS connection; the bytes are put back for whoever reads on. */
export type ServerName = { readonly kind: 'name'; readonly name: string } | { readonly kind: 'none' }

const maxHelloBytes = 16 * 1024

/** Waits for a whole ClientHello, and gives the server name in it. Ends the connection where none comes in time. */
export function peekServerName(socket: Socket, timeoutMs: number, take: (found: ServerName) => void): void {
  let held = Buffer.alloc(0)
  const timer = setTimeout(() => socket.destroy(), timeoutMs)
  const onReadable = (): void => {
    const bytes: unknown = socket.read()
    if (bytes instanceof Buffer) held = Buffer.concat([held, bytes])
    const found = readServerName(held)
    if (found === undefined && held.length < maxHelloBytes && bytes !== null) return
    if (found === undefined && bytes === null && !socket.readableEnded) return
    clearTimeout(timer)
    socket.off('readable', onReadable)
    socket.unshift(held)
    take(found ?? { kind: 'none' })
  }
  socket.once('close', () => clearTimeout(timer))
  socket.on('readable', onReadable)
}

/** Waits for the first byte, and tells whether a handshake of TLS begins with it: no request of HTTP does. */
export function peekTls(socket: Socket, timeoutMs: number, take: (within: boolean) => void): void {
  const late = setTimeout(() => socket.destroy(), timeoutMs)
  socket.once('close', () => clearTimeout(late))
  socket.once('readable', () => {
    clearTimeout(late)
    const bytes: unknown = socket.read()
    if (!(bytes instanceof Buffer)) return void socket.destroy()
    socket.unshift(bytes)
    take(bytes[0] === 0x16)
  })
}

/**
 * The server name of a ClientHello (RFC 8446 §4.1.2, RFC 6066 §3); undefined while bytes are missing. Adversary: code
 * in a box. One name of one type is read; whatever is odd has none, and so no door.
 */
export function readServerName(bytes: Buffer): ServerName | undefined {
  const none: ServerName = { kind: 'none' }
  // The hello may lie in several records.
  let handshake = Buffer.alloc(0)
  for (let at = 0; ;) {
    if (bytes.length < at + 5) return undefined
    if (bytes[at] !== 0x16 || bytes[at + 1] !== 3) return none
    const length = bytes.readUInt16BE(at + 3)
    if (length === 0 || length > 16_384) return none
    if (bytes.length < at + 5 + length) return undefined
    handshake = Buffer.concat([handshake, bytes.subarray(at + 5, at + 5 + length)])
    at += 5 + length
    if (handshake.length >= 4 && handshake.length >= 4 + handshake.readUIntBE(1, 3)) break
  }
  if (handshake[0] !== 1) return none
  const hello = handshake.subarray(4, 4 + handshake.readUIntBE(1, 3))
  try {
    let at = 34 // version and random
    at += 1 + hello.readUInt8(at) // session
    at += 2 + hello.readUInt16BE(at) // cipher suites
    at += 1 + hello.readUInt8(at) // compression
    const end = at + 2 + hello.readUInt16BE(at)
    at += 2
    if (end !== hello.length) return none
    let found: ServerName = none
    while (at < end) {
      const [type, length] = [hello.readUInt16BE(at), hello.readUInt16BE(at + 2)]
      const body = hello.subarray(at + 4, at + 4 + length)
      if (body.length !== length) return none
      if (type === 0xfe0d) return none // encrypted ClientHello: the name that counts cannot be seen
      if (type === 0) {
        if (found.kind === 'name') return none
        const list = body.subarray(2)
        const name = list.subarray(3)
        if (body.readUInt16BE(0) !== list.length || list[0] !== 0 || list.readUInt16BE(1) !== name.length) return none
        found = { kind: 'name', name: name.toString('latin1').toLowerCase() }
      }
      at += 4 + length
    }
    return found
  } catch (error) {
    if (error instanceof RangeError) return none // a length that points outside
    throw error
  }
}
