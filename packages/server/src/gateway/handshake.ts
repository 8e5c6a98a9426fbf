import { constants } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'

type TlsRules = Pick<TlsOptions, 'ALPNProtocols' | 'requestCert' | 'rejectUnauthorized'> &
  Pick<SecureContextOptions, 'minVersion' | 'secureOptions'>

/**
 * A client may show a certificate, and proves in the handshake that it holds the key. Who issued it does not matter:
 * a token is bound to the certificate itself (RFC 8705 §3), which may be signed by nobody but its holder (§2.2).
 */
export const tlsRules: TlsRules = {
  minVersion: 'TLSv1.3',
  // A ticket would keep the leaf of a client's chain and forget the rest; and a full handshake proves the key anew.
  secureOptions: constants.SSL_OP_NO_TICKET,
  ALPNProtocols: ['http/1.1'],
  requestCert: true,
  rejectUnauthorized: false,
}

/** A server as other servers know it: by a name of its own, and by what it proves under it. */
export interface NodeIdentity {
  /** `shop.sallyport.internal`: the server name of a handshake, and `Host`. */
  readonly name: string
  /** Its X.509-SVID as it is now, PEM. */
  readonly svid: () => Promise<{ readonly cert: string; readonly key: string }>
  /** Told why there was none. */
  readonly onTrouble: (cause: unknown) => void
}

type AnswerName = (name: string, done: (error: Error | null, context?: SecureContext) => void) => void

/** Who asks for the node by its own name is shown its SVID; all others, the usual certificate. */
export function answerName(node: NodeIdentity | undefined): AnswerName {
  let shown: { readonly cert: string; readonly context: SecureContext } | undefined
  return (name, done) => {
    if (node === undefined || name !== node.name) return done(null)
    node
      .svid()
      .then(({ cert, key }) => {
        if (shown?.cert !== cert) shown = { cert, context: createSecureContext({ ...tlsRules, cert, key }) }
        done(null, shown.context)
      })
      .catch((cause: unknown) => {
        node.onTrouble(cause)
        done(new Error('there is no certificate for this name'))
      })
  }
}
