import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as tlsConnect } from 'node:tls'

import type { Harness } from './harness.ts'

/** A client's connection in HTTP/2 to the door for Stripe; whoever asks for it ends it. */
export function sessionTwo({ httpsPort, caPem }: Harness): ClientHttp2Session {
  const servername = 'api.stripe.com'
  return connect(`https://${servername}`, {
    createConnection: () =>
      tlsConnect({ host: '127.0.0.1', port: httpsPort, servername, ca: caPem, ALPNProtocols: ['h2'] }),
  })
}
