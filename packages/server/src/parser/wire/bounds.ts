import type { Incoming } from '../http/incoming.ts'

/** Of a name, in a handshake or a question. */
export const maxNameBytes = 255
/** Of an address. */
export const maxAddressBytes = 64
/** Of a method; HTTP/1.1 has none that is as long. */
export const maxMethodBytes = 32
/** More than any parser lets through: Node's own limit counts the whole head, and HTTP/2 128 pairs. */
export const maxHeadBytes: number = 64 * 1024
/** Names and values. */
export const maxHeaders = 4_096

/**
 * Whether a head can be told to the server. What it would not read is refused here, or a box could have its own parser
 * taken for one that was taken over: HTTP/2 knows no longest method.
 */
export function isTellable({ method, target, localAddress, serverName, rawHeaders }: Incoming): boolean {
  return (
    method.length <= maxMethodBytes &&
    target.length <= maxHeadBytes &&
    localAddress.length <= maxAddressBytes &&
    (serverName?.length ?? 0) <= maxNameBytes &&
    rawHeaders.length <= maxHeaders
  )
}
