import { createPublicKey, hash } from 'node:crypto'

import {
  type HttpSignatureCode,
  importSignatureKey,
  type SeenOnce,
  type SignatureAlgorithm,
  type SignatureKey,
  thumbprintInput,
  verifyHttpSignature,
} from '@sallyport/core/identity'
import type { Service } from '@sallyport/manifest'

/** A request as the gateway understood it: what a signature may cover. */
export interface SignedRequest {
  readonly method: string
  /** Scheme, authority and path as they were asked for. */
  readonly url: string
  /** Without the question mark. */
  readonly query: string
  /** Lower-case names; lines of one name are joined by a comma. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
}

/** The service that signed a request, or why nobody did that counts. */
export type Signer =
  | {
      readonly kind: 'signed'
      readonly service: Service
      readonly keyId: string
      /** RFC 7638, SHA-256, base64url. */
      readonly thumbprint: string
      readonly createdSeconds: number
    }
  | { readonly kind: 'refused'; readonly code: HttpSignatureCode }

interface Known {
  readonly service: Service
  readonly thumbprint: string
  readonly key: Promise<SignatureKey>
}

/** Which part of a request a signature cannot leave out: with a body its digest as well. */
const required = ['@method', '@target-uri'] as const
/** Clients sign each request anew; this forgives the network and both clocks. */
const maxAgeSeconds = 60
const skewSeconds = 15

/**
 * Judges requests that services sign by keys of their own (RFC 9421 with the digest of RFC 9530). Adversary: who saw a
 * signed request and sends it again, elsewhere, or with another body; a signature therefore needs a nonce, is young,
 * and covers method, address and digest. `seen` must outlive this process, or a restart lets the last minute in again.
 */
export function compileSigners(options: {
  readonly services: readonly Service[]
  readonly seen: SeenOnce
  readonly nowMs: () => number
}): ((request: SignedRequest) => Promise<Signer>) | undefined {
  const { services, seen, nowMs } = options
  const known = new Map<string, Known>(services.flatMap((service) => (service.keys ?? []).flatMap(readerOf(service))))
  if (known.size === 0) return undefined
  const once: SeenOnce = {
    use: (id, until, now) => seen.use(hash('sha256', `http-signature ${id}`, 'base64url'), until, now),
  }
  return async ({ method, url, query, headers, body }) => {
    const { protocol, host, pathname } = splitUrl(url)
    const verdict = await verifyHttpSignature({
      message: {
        kind: 'request',
        method,
        scheme: protocol,
        authority: host,
        requestTarget: query === '' ? pathname : `${pathname}?${query}`,
        fields: [...headers],
      },
      body: new Uint8Array(body),
      keyOf: (keyId) => known.get(keyId)?.key,
      policy: { required: [...required], maxAgeSeconds, skewSeconds, seen: once },
      nowSeconds: nowMs() / 1_000,
    })
    if (verdict.kind === 'refused') return verdict
    const by = known.get(verdict.keyId)
    if (by === undefined) return { kind: 'refused', code: 'http-signature.unknown_key' }
    const { service, thumbprint } = by
    return { kind: 'signed', service, thumbprint, keyId: verdict.keyId, createdSeconds: verdict.createdSeconds }
  }
}

/** The manifest has seen to it that each has a `kid` of its own and is of a kind that signs. */
function readerOf(service: Service): (jwk: Readonly<Record<string, unknown>>) => readonly [string, Known][] {
  return (jwk) => {
    const id = jwk['kid']
    const algorithm = algorithmOf(jwk)
    const input = thumbprintInput(jwk)
    if (typeof id !== 'string' || algorithm === undefined || input === undefined) return []
    const members = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ format: 'jwk' })
    const key = importSignatureKey(id, algorithm, members, 'verify')
    key.catch(() => undefined) // whoever asks for it hears of it
    return [[id, { service, thumbprint: hash('sha256', input, 'base64url'), key }]]
  }
}

function algorithmOf({ kty, crv }: Readonly<Record<string, unknown>>): SignatureAlgorithm | undefined {
  if (kty === 'OKP' && crv === 'Ed25519') return 'ed25519'
  if (kty === 'EC' && crv === 'P-256') return 'ecdsa-p256-sha256'
  return kty === 'RSA' ? 'rsa-pss-sha512' : undefined
}

/** By hand, so that the path stays letter by letter what was asked for. */
function splitUrl(url: string): {
  readonly protocol: 'http' | 'https'
  readonly host: string
  readonly pathname: string
} {
  const [scheme = '', rest = ''] = url.split('://', 2)
  const slash = rest.indexOf('/')
  return {
    protocol: scheme === 'http' ? 'http' : 'https',
    host: slash < 0 ? rest : rest.slice(0, slash),
    pathname: slash < 0 ? '/' : rest.slice(slash),
  }
}
