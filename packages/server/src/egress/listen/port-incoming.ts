import type { Readable } from 'node:stream'

import type { Incoming, IncomingBody, messages } from '../../parser/index.ts'

/** What a parser says of a request, with its body, whole or as a stream. */
export function incomingOf(
  { scheme, protocol, serverName, method, target, rawHeaders, localAddress, whole }: messages.RequestMessage,
  stream: Readable | undefined,
  proceed: () => void,
): Incoming {
  const body: IncomingBody = stream === undefined ? { kind: 'whole', bytes: whole ?? none } : { kind: 'stream', stream }
  return { scheme, protocol, serverName, method, target, rawHeaders, localAddress, body, proceed }
}

const none = new Uint8Array()
