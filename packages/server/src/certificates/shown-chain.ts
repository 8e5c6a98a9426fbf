import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'

/** More than any chain that counts; the rest is not looked at. */
const maxChain = 5

/** The certificates that the other end of a connection showed, DER, the leaf first; none where it showed none. */
export function shownChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = []
  let at: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true) // empty when none was shown
  while (at?.raw !== undefined && chain.length < maxChain) {
    chain.push(new Uint8Array(at.raw))
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate // a root is its own issuer
  }
  return chain
}
