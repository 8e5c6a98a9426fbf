import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { rootCertificates, TLSSocket } from 'node:tls'

import { SallyportError } from '@sallyport/core/access'
import { Agent, buildConnector } from 'undici'

import { mayConnect } from './address.ts'

/** One call of an upstream: everything in it has been decided. */
export interface UpstreamCall {
  /** Calls with the same key share connections; one per app, door and function. */
  readonly pool: string
  /** `https://api.stripe.com`, without a path. */
  readonly origin: string
  readonly privateUpstream: boolean
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  /** To the answer's head, and between any two parts of its body. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The head of what the upstream answered, and its body still to be read. The reader must end or destroy the body. */
export interface UpstreamAnswer {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Readable
  /** `TLSv1.3`, or `none`. */
  readonly tls: string
}

/** The connections to the outside. `close` ends them all, those in use too. */
export interface Upstreams {
  /** Rejects with a `SallyportError` whose code is `upstream.…`; the request may then have had an effect. */
  call(call: UpstreamCall): Promise<UpstreamAnswer>
  close(): Promise<void>
}

interface Pool {
  readonly agent: Agent
  tls: string
}

const maxPools = 256

/** Connections to the outside: TLS 1.2 or better, addresses checked and pinned, redirects handed back. */
export function createUpstreams(caPem: string | undefined): Upstreams {
  const pools = new Map<string, Pool>()

  const poolFor = (call: UpstreamCall): Pool => {
    const key = `${call.pool} ${call.origin} ${call.privateUpstream}`
    const known = pools.get(key)
    if (known) return known
    const pool: Pool = {
      tls: 'none',
      agent: new Agent({ connect, connections: 16, maxHeaderSize: 32 * 1024, allowH2: false }),
    }
    const plain = buildConnector({
      allowH2: false,
      minVersion: 'TLSv1.2',
      lookup: pinnedLookup(call.privateUpstream),
      timeout: 10_000,
      ...(caPem === undefined ? {} : { ca: [...rootCertificates, caPem] }),
    })
    function connect(options: buildConnector.Options, done: buildConnector.Callback): void {
      const host = options.hostname.replace(/^\[|\]$/g, '')
      // A literal address asks no resolver, so the lookup below would never see it.
      if (isIP(host) !== 0 && !mayConnect(host, call.privateUpstream)) return done(forbidden(host), null)
      plain(options, (...result) => {
        pool.tls = result[1] instanceof TLSSocket ? (result[1].getProtocol() ?? 'none') : 'none'
        done(...result)
      })
    }
    pools.set(key, pool)
    const oldest = pools.keys().next().value
    if (pools.size > maxPools && oldest !== undefined) {
      void pools.get(oldest)?.agent.close()
      pools.delete(oldest)
    }
    return pool
  }

  return {
    call: async (call) => {
      if (!call.origin.startsWith('https://') && !call.privateUpstream) {
        throw new SallyportError(
          'upstream.plaintext',
          'only a private upstream that was written down may be plain HTTP',
        )
      }
      const pool = poolFor(call)
      try {
        const answer = await pool.agent.request({
          origin: call.origin,
          path: call.target,
          method: call.method,
          headers: call.headers.flat(),
          body: call.body.length === 0 ? null : call.body,
          headersTimeout: call.timeoutMs,
          bodyTimeout: call.timeoutMs,
          signal: call.signal,
        })
        const headers = Object.entries(answer.headers).flatMap(([name, value]) =>
          [value ?? []].flat().map((each) => [name, each] as const),
        )
        return { status: answer.statusCode, headers, body: answer.body, tls: pool.tls }
      } catch (error) {
        throw upstreamError(error)
      }
    },
    close: async () => {
      await Promise.all([...pools.values()].map(({ agent }) => agent.destroy()))
      pools.clear()
    },
  }
}

/**
 * Resolves once, checks every address, and gives the connection the one that was checked: a name cannot answer
 * with a public address to the check and with a private one to the connection (DNS rebinding).
 */
function pinnedLookup(privateUpstream: boolean): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? []
      if (error || first === undefined) return done(error ?? new Error('no address'), '', 4)
      const bad = addresses.find(({ address }) => !mayConnect(address, privateUpstream))
      if (bad) return done(forbidden(bad.address), '', 4)
      if (options.all === true) done(null, [first])
      else done(null, first.address, first.family)
    })
  }
}

function forbidden(address: string): SallyportError {
  return new SallyportError('upstream.forbidden_address', `the upstream is at ${address}, which no door may reach`)
}

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
