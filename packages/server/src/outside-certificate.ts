import { readFileSync } from 'node:fs'

import { acmeCertificate, type Leaf, readCertificateFiles } from './certificates/index.ts'
import type { Gateway, GatewayOptions } from './gateway/index.ts'
import { tryPort } from './operation/index.ts'
import { keepLeafFresh, type People } from './people.ts'
import { handedListener, type Outside, type ServerOptions } from './start/index.ts'
import type { Store } from './stores/index.ts'

/** A certificate chain with its key, PEM both. */
interface Pair {
  readonly cert: string
  readonly key: string
}

/** The gateway's certificate for its public name. */
export interface OutsideCertificate {
  readonly first: Pair
  /** Looks again, and puts another one into use where there is one; connections that are open keep theirs. */
  readonly look: (use: (pair: Pair) => void) => Promise<void>
  readonly lookEveryMs: number
}

/**
 * Opens it: ordered by ACME, renewed in its last third, or read from files, which are read again every few seconds.
 * Whatever fails later leaves the present one in use.
 */
export async function openOutsideCertificate(
  { certificate: source, name, listen: host }: Outside,
  store: Store,
  nowMs: () => number,
): Promise<OutsideCertificate> {
  const caPem = source.kind === 'acme' && source.caFile !== undefined ? readFileSync(source.caFile, 'utf8') : undefined
  const read = async (): Promise<Pair> => {
    if (source.kind === 'files') return readCertificateFiles(source, name, nowMs())
    const { directory, port } = source
    const descriptor = handedListener(host, port, process.env)
    const listening = descriptor === undefined ? {} : { descriptor }
    return acmeCertificate({
      names: [name],
      directory,
      host,
      port,
      ...listening,
      store,
      nowMs,
      ...(caPem && { caPem }),
    })
  }
  const first = await read()
  let present = first
  return {
    first,
    look: async (use) => {
      const next = await read()
      if (next.cert === present.cert && next.key === present.key) return
      use(next)
      present = next
    },
    lookEveryMs: source.kind === 'files' ? 5_000 : 3_600_000,
  }
}

const loopback = '127.0.0.1'

/** Rejects where the gateway could not listen: now, rather than when all the boxes have been made. */
export async function tryGateway({ outside, port }: Pick<ServerOptions, 'outside' | 'port'>): Promise<void> {
  // What root opened for us is open.
  if (handedListener(outside?.listen ?? loopback, port, process.env) === undefined) await tryPort(port)
}

/** Where the gateway listens, and under what. */
export function gatewayAddress(
  { plainHttp, outside, port }: Pick<ServerOptions, 'plainHttp' | 'outside' | 'port'>,
  certificate: OutsideCertificate | undefined,
  leaf: Leaf,
): Pick<GatewayOptions, 'tls' | 'host' | 'name' | 'descriptor'> {
  const descriptor = handedListener(outside?.listen ?? loopback, port, process.env)
  return {
    ...(descriptor === undefined ? {} : { descriptor }),
    ...(plainHttp ? {} : { tls: certificate?.first ?? leaf }),
    ...(outside && { host: outside.listen, name: outside.name }),
  }
}

/** Replaces certificates when they are due: the provider's, and the gateway's, of whichever kind. */
export function keepCertificates(
  people: People,
  certificate: OutsideCertificate | undefined,
  gateway: Gateway,
  trouble: (cause: unknown) => void,
): () => void {
  if (certificate === undefined) return keepLeafFresh(people, gateway, trouble)
  const ends = [keepLeafFresh(people, undefined, trouble), keepLooking(certificate, gateway.setCertificate, trouble)]
  return () => ends.forEach((end) => end())
}

/** Keeps looking; gives back what ends it. A fault is told once, until another one follows. */
export function keepLooking(
  certificate: OutsideCertificate,
  use: (pair: Pair) => void,
  trouble: (cause: unknown) => void,
): () => void {
  let told = ''
  const look = async (): Promise<void> => {
    try {
      await certificate.look(use)
      told = ''
    } catch (cause) {
      if (String(cause) !== told) trouble(cause)
      told = String(cause)
    }
  }
  const timer = setInterval(() => void look(), certificate.lookEveryMs).unref()
  return () => clearInterval(timer)
}
