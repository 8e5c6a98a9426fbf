import type { Extension } from '@peculiar/x509'

import {
  faultOfLeaf,
  isAuthority,
  isVouchedFor,
  parseChain,
  type Parsed,
  parseRoot,
  purposes,
  untimely,
} from './chain.ts'
import { nameConstraintsId } from './name-constraints.ts'
import { parseSpiffeId, type SpiffeId } from './spiffe-id.ts'
import { permitsHost } from './uri-constraints.ts'

/** Roots by trust domain, DER. */
export type TrustBundles = ReadonlyMap<string, readonly Uint8Array[]>

/** Why a certificate is no SVID that counts; stable, documented in docs/errors.md. */
export type SvidRefusalCode =
  | 'svid.malformed'
  | 'svid.id_missing'
  | 'svid.several_ids'
  | 'svid.id_malformed'
  | 'svid.trust_domain'
  | 'svid.is_authority'
  | 'svid.key_usage'
  | 'svid.purpose'
  | 'svid.not_yet_valid'
  | 'svid.expired'
  | 'svid.untrusted'

/** The workload that a chain proves, or why it proves none. */
export type SvidVerdict =
  | { readonly kind: 'verified'; readonly id: SpiffeId; readonly issuedAtMs: number; readonly expiresAtMs: number }
  | { readonly kind: 'refused'; readonly code: SvidRefusalCode }

/**
 * Verifies an X.509-SVID as its holder showed it in a handshake, at this `end` of it, the leaf first (X509-SVID §5,
 * RFC 5280 §6.1). Names other than the one URI are read and never used. Adversary: who holds a certificate of another
 * domain, another purpose, another time, an authority of a partner, or one made by hand.
 */
export function verifySvid(
  chain: readonly Uint8Array[],
  bundles: TrustBundles,
  nowMs: number,
  end: 'client' | 'server' = 'client',
): SvidVerdict {
  const parsed = parseChain(chain)
  if (parsed === undefined) return refuse('svid.malformed')
  const [leaf, ...intermediates] = parsed
  const id = idOf(leaf)
  if (typeof id === 'string') return refuse(id)
  const roots = (bundles.get(id.trustDomain) ?? []).map(parseRoot).filter((root) => root !== undefined)
  if (roots.length === 0) return refuse('svid.trust_domain')
  const fault = faultOfLeaf(leaf, purposes[end]) ?? untimely(leaf, nowMs)
  if (fault !== undefined) return refuse(`svid.${fault}`)
  const isOfDomain = (authority: Parsed, depth: number): boolean =>
    isAuthority(authority, purposes[end], nowMs, depth) && isWithin(authority, id)
  if (!isVouchedFor(leaf, intermediates, roots, isOfDomain)) return refuse('svid.untrusted')
  const { notBefore, notAfter } = leaf.certificate
  return { kind: 'verified', id, issuedAtMs: notBefore.getTime(), expiresAtMs: notAfter.getTime() }
}

/** X509-SVID §2: exactly one URI, and in a leaf one with a path. */
function idOf({ uris }: Parsed): SpiffeId | SvidRefusalCode {
  const [uri, second] = uris
  if (uri === undefined) return 'svid.id_missing'
  if (second !== undefined) return 'svid.several_ids'
  const id = parseSpiffeId(uri)
  return id === undefined || id.path === '' ? 'svid.id_malformed' : id
}

/** X509-SVID §4.1 and §4.2: an authority of this domain, if it says of which it is, whose constraints let the id in. */
function isWithin({ certificate, uris }: Parsed, { trustDomain }: SpiffeId): boolean {
  if (uris.some((uri) => uri !== `spiffe://${trustDomain}`)) return false
  const constraints = certificate.extensions.find(({ type }: Extension) => type === nameConstraintsId)
  return constraints === undefined || permitsHost(new Uint8Array(constraints.value), trustDomain)
}

function refuse(code: SvidRefusalCode): SvidVerdict {
  return { kind: 'refused', code }
}
