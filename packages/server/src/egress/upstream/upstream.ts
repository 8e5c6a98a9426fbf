import type { SocketConstructorOpts } from 'node:net'
import { Readable } from 'node:stream'
import { rootCertificates, TLSSocket } from 'node:tls'

import { SallyportError } from '@sallyport/core/access'
import { buildConnector, type Dispatcher, Pool } from 'undici'

import { noDescriptors } from './dial.ts'
import { type Connections, createConnections } from './http-one/connections.ts'
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

/** Connections of the general client to one origin under one key. `tls` is what the newest of them speaks. */
interface Pooled {
  readonly pool: Pool
  tls: string
}

const maxKept = 256
/** To one origin under one key: more than the boxes of a function use, each of which has its places. */
const mostConnections = 16 * slotsOfBox

/**
 * Connections to the outside: TLS 1.2 or better, addresses checked and pinned, redirects handed back. A new one is made
 * where `mayOpen` says that there is a descriptor for it: always, unless told. HTTP/1.1 is spoken by `http-one`;
 * HTTP/2, and what begins as HTTP/1.1 and switches, by the general client (decision 0034).
 */
export function createUpstreams(
  caPem: string | undefined,
  mayOpen: () => boolean = () => true,
  nowMs: () => number = Date.now,
): Upstreams {
  const plainOnes = new Map<string, Connections>()
  const pools = new Map<string, Pooled>()

  function connectorFor(
    { origin, privateUpstream, certificate, peer, protocol = '1.1' }: UpstreamCall,
    more: Pick<SocketConstructorOpts, 'onread'> = {},
  ): buildConnector.connector {
    const insecure = !origin.startsWith('https://')
    if (insecure && !privateUpstream) {
      throw new SallyportError('upstream.plaintext', 'only a private upstream that was written down may be plain HTTP')
    }
    const allowH2 = protocol === '2' && origin.startsWith('https://')
    const plain = buildConnector({
      ...more,
      allowH2,
      minVersion: peer === undefined ? 'TLSv1.2' : 'TLSv1.3',
      lookup: pinnedLookup(privateUpstream, insecure),
      timeout: 10_000,
      ...(caPem === undefined ? {} : { ca: [...rootCertificates, caPem] }),
      ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
      // No authority of names counts for a peer; what it shows is verified below, each time, before anything is sent.
      ...(peer === undefined
        ? {}
        : { servername: serverNameOf(peer), rejectUnauthorized: false, maxCachedSessions: 0 }),
    })
    return (options, done) => {
      const bad = forbiddenLiteral(options.hostname, privateUpstream, insecure)
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
        done(...result)
      })
    }
  }

  function connectionsFor(call: UpstreamCall): Connections {
    const key = keyOf(call)
    const known = plainOnes.get(key)
    if (known) return known
    const made = createConnections(call.origin, mostConnections, (onread) => connectorFor(call, { onread }))
    keep(plainOnes, key, made, (oldest) => oldest.close())
    return made
  }

  function poolFor(call: UpstreamCall): Pooled {
    const key = `${keyOf(call)} ${call.protocol ?? '1.1'}`
    const known = pools.get(key)
    if (known) return known
    const connector = connectorFor(call)
    const connect: buildConnector.connector = (options, done) =>
      connector(options, (...result) => {
        made.tls = result[1] instanceof TLSSocket ? (result[1].getProtocol() ?? 'none') : 'none'
        done(...result)
      })
    const made: Pooled = {
      tls: 'none',
      pool: new Pool(call.origin, {
        connect,
        connections: mostConnections,
        maxHeaderSize: 32 * 1024,
        allowH2: call.protocol === '2',
      }),
    }
    keep(pools, key, made, (oldest) => void oldest.pool.close())
    return made
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
        const failed = (error: unknown): void => {
          if (call.body instanceof Readable) call.body.destroy() // also where it was never begun
          reject(upstreamError(error))
        }
        if (call.protocol !== '2') return connectionsFor(call).call(call, resolve, failed)
        const pooled = poolFor(call)
        pooled.pool.dispatch(
          optionsOf(call),
          answerHandler(call, () => pooled.tls, resolve, failed),
        )
      }),
    upgrade: (call, protocol) =>
      new Promise((resolve, reject) => {
        const pooled = poolFor(call)
        const handler = upgradeHandler(
          call,
          () => pooled.tls,
          resolve,
          (error) => reject(upstreamError(error)),
        )
        pooled.pool.dispatch({ ...optionsOf(call), upgrade: protocol }, handler)
      }),
    close: async () => {
      for (const connections of plainOnes.values()) connections.destroy()
      plainOnes.clear()
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()))
      pools.clear()
    },
  }
}

/** What shares connections: whoever differs in anything that is said or shown at their beginning does not. */
function keyOf({ pool, origin, privateUpstream, certificate, peer }: UpstreamCall): string {
  return `${pool} ${origin} ${privateUpstream} ${certificate?.digest ?? ''} ${peer === undefined ? '' : peerKey(peer)}`
}

function keep<T>(all: Map<string, T>, key: string, made: T, end: (oldest: T) => void): void {
  all.set(key, made)
  const [oldest] = all
  if (all.size <= maxKept || oldest === undefined) return
  all.delete(oldest[0])
  end(oldest[1])
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
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new SallyportError('upstream.timeout', 'the upstream did not answer in time', { cause: error })
  }
  if (code === 'ERR_HTTP2_ERROR') {
    return new SallyportError('upstream.protocol', 'what the upstream answered is no HTTP/2', { cause: error })
  }
  return new SallyportError('upstream.unreachable', `the upstream could not be reached (${code || 'no code'})`, {
    cause: error,
  })
}
