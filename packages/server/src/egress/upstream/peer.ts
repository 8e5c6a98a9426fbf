import { hash } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

import { SallyportError } from '@sallyport/core/access'

import { shownChain, verifySvid } from '../../certificates/index.ts'

/** Whom an upstream must prove to be, by an X.509-SVID in the handshake. */
export interface Peer {
  readonly id: string
  /** As what it is asked: `Host`, and without its port the server name. */
  readonly host: string
  readonly trustDomain: string
  /** Who vouches for the trust domain, DER. */
  readonly roots: readonly Uint8Array[]
}

/** Why the other end of a connection is not the peer; undefined when it is. Nothing has been sent to it yet. */
export function peerFault(socket: Socket, { id, trustDomain, roots }: Peer, nowMs: number): SallyportError | undefined {
  if (!(socket instanceof TLSSocket)) return unproved('svid.malformed')
  const verdict = verifySvid(shownChain(socket), new Map([[trustDomain, roots]]), nowMs, 'server')
  if (verdict.kind === 'refused') return unproved(verdict.code)
  return verdict.id.text === id ? undefined : unproved(`it is ${verdict.id.text}`)
}

function unproved(why: string): SallyportError {
  return new SallyportError('upstream.peer', `the upstream does not prove to be the workload written down (${why})`)
}

/** RFC 6066 §3. */
export function serverNameOf({ host }: Peer): string {
  return host.replace(/:\d+$/, '')
}

/** Tells peers apart: a connection is kept for one id under one set of authorities. */
export function peerKey({ id, host, roots }: Peer): string {
  return [id, host, ...roots.map(fingerprint)].join(' ')
}

const fingerprints = new WeakMap<Uint8Array, string>()

function fingerprint(root: Uint8Array): string {
  const known = fingerprints.get(root) ?? hash('sha256', root)
  fingerprints.set(root, known)
  return known
}
