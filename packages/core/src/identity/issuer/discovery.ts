import { SallyportError } from '@sallyport/core/access'
import { parseStrictObject } from '@sallyport/core/json'

import type { JwksDocument } from './issuer.ts'
import { reachOf } from './public-address.ts'

/**
 * Gets one document. Contract: no redirects, at most 256 KiB, nothing but status 200, an end when the signal aborts;
 * a name whose addresses are not public (`reachOf`) is refused at the connection, unless `loopback` and it is that.
 */
export type FetchDocument = (address: URL, options: FetchRules) => Promise<Uint8Array>

/** What a fetch may do. */
export interface FetchRules {
  readonly signal: AbortSignal
  /** Whether an issuer on this machine is acceptable, over plain HTTP too: in development only. */
  readonly loopback: boolean
}

/** Where the keys of an issuer are to be found. */
export interface KeyAddress {
  /** The exact `iss`; the discovery document must state the same. */
  readonly issuer: string
  /** The key set's own address, where that is known; otherwise discovery tells it. */
  readonly jwksUri?: string
  /** Which metadata tell it: an OpenID provider's unless said, or those of a transmitter of shared signals. */
  readonly metadata?: 'openid-configuration' | 'ssf-configuration'
  readonly loopback: boolean
}

/**
 * The keys of an issuer, by OpenID Connect Discovery 1.0 §4 or from a known address, as a `KeySource` wants them.
 * Adversary: an issuer, or whoever stands in its place, that leads us into our own network, or answers for another
 * (RFC 8414 §3.3). Rejects with `issuer.address`, `issuer.mismatch` or `issuer.keys_unusable`.
 */
export function discoverKeys(
  { issuer, jwksUri, metadata = 'openid-configuration', loopback }: KeyAddress,
  fetchDocument: FetchDocument,
): (signal: AbortSignal) => Promise<JwksDocument> {
  return async (signal) => {
    const fetchObject = async (address: string): Promise<Readonly<Record<string, unknown>>> => {
      const document = parseStrictObject(await fetchDocument(parseKeyAddress(address, loopback), { signal, loopback }))
      if (document === undefined) throw unusable(address)
      return document
    }
    let keysAt: unknown = jwksUri
    if (keysAt === undefined) {
      const address = metadataAddress(issuer, metadata)
      const stated = await fetchObject(address)
      if (stated['issuer'] !== issuer) {
        throw new SallyportError('issuer.mismatch', `${address} speaks for another issuer than ${issuer}.`)
      }
      keysAt = stated['jwks_uri']
    }
    if (typeof keysAt !== 'string') throw unusable(issuer)
    const { keys } = await fetchObject(keysAt)
    if (!Array.isArray(keys)) throw unusable(keysAt)
    return { keys }
  }
}

/** OpenID Connect puts the well-known part behind an issuer's path; Shared Signals before it, as RFC 8615 has it. */
function metadataAddress(issuer: string, metadata: string): string {
  const plain = issuer.replace(/\/$/, '')
  if (metadata === 'openid-configuration') return `${plain}/.well-known/${metadata}`
  const [, origin = plain, path = ''] = /^([a-z]+:\/\/[^/]+)(\/.*)?$/.exec(plain) ?? []
  return `${origin}/.well-known/${metadata}${path}`
}

/** An address that may be asked for keys. Throws `issuer.address` for any other. */
export function parseKeyAddress(text: string, loopback: boolean): URL {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.hash !== '') throw refusedAddress(text)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isLocal = host === 'localhost' || host.endsWith('.localhost') || reachOf(host) === 'loopback'
  if (isLocal ? !loopback : !/\./.test(host) && !host.includes(':')) throw refusedAddress(text)
  if (!isLocal && reachOf(host) === 'private') throw refusedAddress(text)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) throw refusedAddress(text)
  return url
}

function refusedAddress(address: string): SallyportError {
  return new SallyportError('issuer.address', `${address} is not a public https address, so no keys are taken from it.`)
}

function unusable(from: string): SallyportError {
  return new SallyportError('issuer.keys_unusable', `${from} gave no usable keys.`)
}
