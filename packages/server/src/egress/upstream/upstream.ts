import { rootCertificates, TLSSocket } from 'node:tls'

import { SallyportError } from '@sallyport/core/access'
import { buildConnector, type Dispatcher, Pool } from 'undici'

import { noDescriptors } from './dial.ts'
import { peerFault, peerKey, serverNameOf } from './peer.ts'
import { forbiddenLiteral, pinnedLookup } from './pinned.ts'
import { slotsOfBox } from './slots.ts'
import type { UpgradeAnswer, UpstreamAnswer, UpstreamCall } from './upstream-call.ts'
import { answerHandler, upgradeHandler } from './upstream-handler.ts'

/** The connections to the outside. `close` ends them all, those in use too. */
export interface Upstreams {
  /** Rejects with a `SallyportError` whose code is `upstream.…`; the request may then have had an effect. */
  call(call: UpstreamCall): Promise<UpstreamAnswer>
  /** Asks for another protocol on the connection (RFC 9110 §7.8); rejects as `call` does. */
  upgrade(call: UpstreamCall, protocol: string): Promise<UpgradeAnswer>
  close(): Promise<void>
}

/** Connections to one origin under one key. `tls` is what the newest of them speaks. */
interface Connections {
  readonly pool: Pool
  tls: string
}

const maxPools = 256

/**
 * Connections to the outside: TLS 1.2 or better, addresses checked and pinned, redirects handed back. A new one is made
 * where `mayOpen` says that there is a descriptor for it: always, unless told.
 */
export function createUpstreams(
  caPem: string | undefined,
  mayOpen: () => boolean = () => true,
  nowMs: () => number = Date.now,
): Upstreams {
  const pools = new Map<string, Connections>()

  const connectionsFor = (call: UpstreamCall): Connections => {
    const { origin, privateUpstream, certificate, peer, protocol = '1.1' } = call
    const other = `${certificate?.digest ?? ''} ${peer === undefined ? '' : peerKey(peer)}`
    const key = `${call.pool} ${origin} ${privateUpstream} ${protocol} ${other}`
    const known = pools.get(key)
    if (known) return known
    if (!origin.startsWith('https://') && !privateUpstream) {
      throw new SallyportError('upstream.plaintext', 'only a private upstream that was written down may be plain HTTP')
    }
    const allowH2 = protocol === '2' && origin.startsWith('https://')
    const plain = buildConnector({
      allowH2,
      minVersion: peer === undefined ? 'TLSv1.2' : 'TLSv1.3',
      lookup: pinnedLookup(privateUpstream),
      timeout: 10_000,
      ...(caPem === undefined ? {} : { ca: [...rootCertificates, caPem] }),
      ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
      // No authority of names counts for a peer; what it shows is verified below, each time, before anything is sent.
      ...(peer === undefined
        ? {}
        : { servername: serverNameOf(peer), rejectUnauthorized: false, maxCachedSessions: 0 }),
    })
    const connect = (options: buildConnector.Options, done: buildConnector.Callback): void => {
      const bad = forbiddenLiteral(options.hostname, privateUpstream)
      if (bad) return done(bad, null)
      if (!mayOpen()) return done(noDescriptors(), null)
      plain(options, (...result) => {
        // What `connect` would say of itself, had it been made by the client: HTTP/2 by prior knowledge.
        if (protocol === '2' && !allowH2 && result[1]) Object.assign(result[1], { alpnProtocol: 'h2' })
        const stranger = peer && result[1] ? peerFault(result[1], peer, nowMs()) : undefined
        if (stranger !== undefined) {
          result[1]?.destroy()
          return done(stranger, null)
        }
        connections.tls = result[1] instanceof TLSSocket ? (result[1].getProtocol() ?? 'none') : 'none'
        done(...result)
      })
    }
    const connections: Connections = {
      tls: 'none',
      pool: new Pool(origin, {
        connect,
        connections: 16 * slotsOfBox,
        maxHeaderSize: 32 * 1024,
        allowH2: protocol === '2',
      }),
    }
    pools.set(key, connections)
    const oldest = pools.keys().next().value
    if (pools.size > maxPools && oldest !== undefined) {
      void pools.get(oldest)?.pool.close()
      pools.delete(oldest)
    }
    return connections
  }

  const optionsOf = (call: UpstreamCall): Dispatcher.DispatchOptions => ({
    path: call.target,
    method: call.method,
    headers: fieldsOf(call),
    body: call.body instanceof Uint8Array && call.body.length === 0 ? null : call.body,
    headersTimeout: call.timeoutMs,
    bodyTimeout: call.timeoutMs,
  })

  return {
    call: (call) =>
      new Promise((resolve, reject) => {
        const connections = connectionsFor(call)
        const handler = answerHandler(
          call,
          () => connections.tls,
          resolve,
          (error) => reject(upstreamError(error)),
        )
        connections.pool.dispatch(optionsOf(call), handler)
      }),
    upgrade: (call, protocol) =>
      new Promise((resolve, reject) => {
        const connections = connectionsFor(call)
        const handler = upgradeHandler(
          call,
          () => connections.tls,
          resolve,
          (error) => reject(upstreamError(error)),
        )
        connections.pool.dispatch({ ...optionsOf(call), upgrade: protocol }, handler)
      }),
    close: async () => {
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()))
      pools.clear()
    },
  }
}

/** Names and values by turns, as the HTTP client takes them. */
function fieldsOf({ peer, headers }: UpstreamCall): string[] {
  const fields = peer === undefined ? [] : ['host', peer.host]
  for (const [name, value] of headers) fields.push(name, value)
  return fields
}

/** What the HTTP client says, in our codes. Its own messages may quote the request, and go no further. */
function upstreamError(error: unknown): SallyportError {
  if (error instanceof SallyportError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (error instanceof Error && error.name === 'AbortError') {
    return new SallyportError('upstream.aborted', 'the call was aborted', { cause: error })
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new SallyportError('upstream.timeout', 'the upstream did not answer in time', { cause: error })
  }
  return new SallyportError('upstream.unreachable', `the upstream could not be reached (${code || 'no code'})`, {
    cause: error,
  })
}
