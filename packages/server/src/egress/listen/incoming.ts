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
  readonly body: Readable
  /** True where no body follows: nothing has to be waited for. */
  readonly bodiless: boolean
  /** Asks for the body where the caller waits to be asked (`Expect: 100-continue`). */
  proceed(): void
}

/** What an HTTP/1.1 request is to us. */
export function incomingOne(
  message: IncomingMessage,
  scheme: 'http' | 'https',
  serverName: string | undefined,
  proceed: () => void = () => undefined,
): Incoming {
  const { headers } = message
  return {
    scheme,
    protocol: '1.1',
    serverName,
    method: message.method ?? '',
    target: message.url ?? '',
    rawHeaders: message.rawHeaders,
    localAddress: message.socket.localAddress ?? '',
    body: message,
    bodiless: headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0,
    proceed,
  }
}

/** What an HTTP/2 request is to us. */
export function incomingTwo(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
  scheme: 'http' | 'https',
  { servername, localAddress }: { readonly servername: string | undefined; readonly localAddress: string },
): Incoming {
  return {
    scheme,
    protocol: '2',
    serverName: servername,
    method: headers[':method'] ?? '',
    target: headers[':path'] ?? '',
    rawHeaders,
    localAddress,
    body: stream,
    bodiless: stream.endAfterHeaders,
    proceed: () => {
      const waits = headers.expect?.toLowerCase() === '100-continue' && !stream.headersSent && !stream.destroyed
      if (waits) stream.additionalHeaders({ ':status': 100 })
    },
  }
}
