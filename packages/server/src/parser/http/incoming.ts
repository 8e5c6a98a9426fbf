import type { IncomingMessage } from 'node:http'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'

/** A request whose head is complete, whichever version of HTTP it came by. */
export interface Incoming {
  readonly scheme: 'http' | 'https'
  readonly protocol: '1.1' | '2'
  /** The name of the TLS handshake, lower case. */
  readonly serverName: string | undefined
  readonly method: string
  /** Path and query, as they came. */
  readonly target: string
  /** Names and values by turns, in the order sent; pseudo-headers of HTTP/2 among them. */
  readonly rawHeaders: readonly string[]
  /** The address that the code dialled. */
  readonly localAddress: string
  readonly body: IncomingBody
  /** Asks for the body where the caller waits to be asked (`Expect: 100-continue`). */
  proceed(): void
}

/** A body that had come with its head, or none at all; or one that is still on its way. */
export type IncomingBody =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'stream'; readonly stream: Readable }

/** More than this is passed on as it comes. */
export const maxWholeBytes: number = 64 * 1024

const none: IncomingBody = { kind: 'whole', bytes: new Uint8Array() }

/** What an HTTP/1.1 request is to us. Taken a moment after its head, so that a body in the same packet is there. */
export function incomingOne(
  message: IncomingMessage,
  scheme: 'http' | 'https',
  serverName: string | undefined,
  proceed: () => void = () => undefined,
): Incoming {
  return {
    scheme,
    protocol: '1.1',
    serverName,
    method: message.method ?? '',
    target: message.url ?? '',
    rawHeaders: message.rawHeaders,
    localAddress: message.socket.localAddress ?? '',
    body: bodyOf(message),
    proceed,
  }
}

function bodyOf(message: IncomingMessage): IncomingBody {
  const { headers, readableLength } = message
  const stated = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined
  if (stated === 0) {
    message.resume()
    return none
  }
  // Node calls a message complete a moment after its last byte.
  const whole = message.complete || readableLength === stated
  if (!whole || readableLength > maxWholeBytes) return { kind: 'stream', stream: message }
  const bytes: unknown = message.read()
  return bytes instanceof Buffer ? { kind: 'whole', bytes } : none
}

/** What an HTTP/2 request is to us. */
export function incomingTwo(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  scheme: 'http' | 'https',
  { servername, localAddress }: { readonly servername: string | undefined; readonly localAddress: string },
): Incoming {
  if (stream.endAfterHeaders) stream.resume()
  return {
    scheme,
    protocol: '2',
    serverName: servername,
    method: headers[':method'] ?? '',
    target: headers[':path'] ?? '',
    rawHeaders,
    localAddress,
    body: stream.endAfterHeaders ? none : { kind: 'stream', stream },
    proceed: () => {
      const waits = headers.expect?.toLowerCase() === '100-continue' && !stream.headersSent && !stream.destroyed
      if (waits) stream.additionalHeaders({ ':status': 100 })
    },
  }
}
