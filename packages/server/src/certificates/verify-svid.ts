// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { X509Certificate as NodeCertificate } from 'node:crypto'

import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '@peculiar/x509'

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

const maxChain = 4
const maxCertificateBytes = 16_384

interface Parsed {
  readonly certificate: X509Certificate
  readonly node: NodeCertificate
  readonly uris: readonly string[]
}

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
  const parsed = chain.length > maxChain ? undefined : chain.map(parseCertificate)
  const [leaf, ...intermediates] = parsed ?? []
  if (leaf === undefined || !intermediates.every((one) => one !== undefined)) return refuse('svid.malformed')
  const id = idOf(leaf)
  if (typeof id === 'string') return refuse(id)
  const roots = (bundles.get(id.trustDomain) ?? []).map(parseRoot).filter((root) => root !== undefined)
  if (roots.length === 0) return refuse('svid.trust_domain')
  const fault = faultOfLeaf(leaf, purposes[end]) ?? untimely(leaf, nowMs)
  if (fault !== undefined) return refuse(fault)
  if (!isVouchedFor(leaf, id, intermediates, roots, nowMs, 0)) return refuse('svid.untrusted')
  const { notBefore, notAfter } = leaf.certificate
  return { kind: 'verified', id, issuedAtMs: notBefore.getTime(), expiresAtMs: notAfter.getTime() }
}

/** Roots are few and stay; a chain is a stranger's, and is read once for its connection. */
const readRoots = new WeakMap<Uint8Array, Parsed>()

function parseRoot(der: Uint8Array): Parsed | undefined {
  const parsed = readRoots.get(der) ?? parseCertificate(der)
  if (parsed !== undefined) readRoots.set(der, parsed)
  return parsed
}

/** Undefined for what is no certificate, has an extension twice, or one that must be understood and is not. */
function parseCertificate(der: Uint8Array): Parsed | undefined {
  if (der.length > maxCertificateBytes) return undefined
  try {
    const node = new NodeCertificate(der)
    const certificate = new X509Certificate(new Uint8Array(node.raw))
    const types = certificate.extensions.map(({ type }) => type)
    const understood = certificate.extensions.every(({ type, critical }) => !critical || known.has(type))
    if (new Set(types).size < types.length || !understood || node.raw.length !== der.length) return undefined
    const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? []
    return { certificate, node, uris: names.filter(({ type }) => type === 'url').map(({ value }) => value) }
  } catch {
    return undefined // whatever a parser of ASN.1 can say of bytes that a stranger sent
  }
}

/** Basic constraints, key usage, extended key usage, alternative names, name constraints: RFC 5280 §4.2.1. */
const known: ReadonlySet<string> = new Set(['2.5.29.19', '2.5.29.15', '2.5.29.37', '2.5.29.17', nameConstraintsId])

/** X509-SVID §2: exactly one URI, and in a leaf one with a path. */
function idOf({ uris }: Parsed): SpiffeId | SvidRefusalCode {
  const [uri, second] = uris
  if (uri === undefined) return 'svid.id_missing'
  if (second !== undefined) return 'svid.several_ids'
  const id = parseSpiffeId(uri)
  return id === undefined || id.path === '' ? 'svid.id_malformed' : id
}

/** RFC 5280 §4.2.1.12: what a certificate may be shown for, at either end of a handshake. */
const purposes = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' } as const

/** X509-SVID §4.1, §4.3, §4.4. */
function faultOfLeaf({ certificate }: Parsed, purpose: string): SvidRefusalCode | undefined {
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages ?? 0
  const signsOthers = (usages & (KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)) !== 0
  if (certificate.getExtension(BasicConstraintsExtension)?.ca === true || signsOthers) return 'svid.is_authority'
  if ((usages & KeyUsageFlags.digitalSignature) === 0) return 'svid.key_usage'
  const allowed = certificate.getExtension(ExtendedKeyUsageExtension)?.usages
  return allowed === undefined || allowed.includes(purpose) ? undefined : 'svid.purpose'
}

function untimely({ certificate }: Parsed, nowMs: number): SvidRefusalCode | undefined {
  if (nowMs < certificate.notBefore.getTime()) return 'svid.not_yet_valid'
  return nowMs >= certificate.notAfter.getTime() ? 'svid.expired' : undefined
}

/** Whether a chain of authorities of the id's own domain leads from this certificate to a root. */
function isVouchedFor(
  subject: Parsed,
  id: SpiffeId,
  intermediates: readonly Parsed[],
  roots: readonly Parsed[],
  nowMs: number,
  depth: number,
): boolean {
  const vouches = (authority: Parsed): boolean =>
    mayVouch(authority, id, nowMs, depth) && isSignedBy(subject, authority)
  if (roots.some(vouches)) return true
  return intermediates.some(
    (authority, at) =>
      vouches(authority) && isVouchedFor(authority, id, intermediates.toSpliced(at, 1), roots, nowMs, depth + 1),
  )
}

/** RFC 5280 §6.1.4 and X509-SVID §4.1: an authority, in its time, for this id, with so many authorities below it. */
function mayVouch({ certificate, uris }: Parsed, id: SpiffeId, nowMs: number, depth: number): boolean {
  const basic = certificate.getExtension(BasicConstraintsExtension)
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages
  if (basic?.ca !== true || (usages !== undefined && (usages & KeyUsageFlags.keyCertSign) === 0)) return false
  if (basic.pathLength !== undefined && basic.pathLength < depth) return false
  if (nowMs < certificate.notBefore.getTime() || nowMs >= certificate.notAfter.getTime()) return false
  if (uris.some((uri) => uri !== `spiffe://${id.trustDomain}`)) return false
  const constraints = certificate.extensions.find(({ type }: Extension) => type === nameConstraintsId)
  return constraints === undefined || permitsHost(new Uint8Array(constraints.value), id.trustDomain)
}

const soundHashes: ReadonlySet<unknown> = new Set(['SHA-256', 'SHA-384', 'SHA-512'])

/** Names, key identifiers and signature, as OpenSSL sees them; no hash that is broken. */
function isSignedBy({ certificate, node }: Parsed, authority: Parsed): boolean {
  const { hash }: { readonly hash?: { readonly name: string } } = certificate.signatureAlgorithm
  const isEdwards = authority.node.publicKey.asymmetricKeyType === 'ed25519' // it hashes by itself
  if (!isEdwards && !soundHashes.has(hash?.name)) return false
  return node.checkIssued(authority.node) && node.verify(authority.node.publicKey)
}

function refuse(code: SvidRefusalCode): SvidVerdict {
  return { kind: 'refused', code }
}
