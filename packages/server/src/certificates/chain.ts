// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { X509Certificate as NodeCertificate } from 'node:crypto'

import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '@peculiar/x509'

import { nameConstraintsId } from './name-constraints.ts'

// What is asked of any chain that a stranger shows, whatever the names in it mean (RFC 5280 §6.1).

/** A certificate, read by both libraries, with the URIs that it names. */
export interface Parsed {
  readonly certificate: X509Certificate
  readonly node: NodeCertificate
  readonly uris: readonly string[]
}

const maxChain = 4
const maxCertificateBytes = 16_384

/** A chain as it was shown, the leaf first; undefined for one that is too long or holds what is no certificate. */
export function parseChain(chain: readonly Uint8Array[]): readonly [Parsed, ...Parsed[]] | undefined {
  const parsed = chain.length > maxChain ? [] : chain.map(parseCertificate)
  const [leaf, ...intermediates] = parsed
  return leaf === undefined || !intermediates.every((one) => one !== undefined) ? undefined : [leaf, ...intermediates]
}

/** Roots are few and stay; a chain is a stranger's, and is read once for its connection. */
const readRoots = new WeakMap<Uint8Array, Parsed>()

/** An authority that was written down. */
export function parseRoot(der: Uint8Array): Parsed | undefined {
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

/** RFC 5280 §4.2.1.12: what a certificate may be shown for, at either end of a handshake. */
export const purposes = { client: '1.3.6.1.5.5.7.3.2', server: '1.3.6.1.5.5.7.3.1' } as const

/** Why a leaf is none that may be shown; X509-SVID §4.1, §4.3, §4.4 asks the same. */
export type LeafFault = 'is_authority' | 'key_usage' | 'purpose' | 'not_yet_valid' | 'expired'

/** What a leaf may be shown for. */
export function faultOfLeaf({ certificate }: Parsed, purpose: string): LeafFault | undefined {
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages ?? 0
  const signsOthers = (usages & (KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)) !== 0
  if (certificate.getExtension(BasicConstraintsExtension)?.ca === true || signsOthers) return 'is_authority'
  if ((usages & KeyUsageFlags.digitalSignature) === 0) return 'key_usage'
  const allowed = certificate.getExtension(ExtendedKeyUsageExtension)?.usages
  return allowed === undefined || allowed.includes(purpose) ? undefined : 'purpose'
}

/** Whether a certificate is before or after its time. */
export function untimely({ certificate }: Parsed, nowMs: number): LeafFault | undefined {
  if (nowMs < certificate.notBefore.getTime()) return 'not_yet_valid'
  return nowMs >= certificate.notAfter.getTime() ? 'expired' : undefined
}

/** Whether a chain of authorities, each of which `mayVouch`, leads from this certificate to a root. */
export function isVouchedFor(
  subject: Parsed,
  intermediates: readonly Parsed[],
  roots: readonly Parsed[],
  mayVouch: (authority: Parsed, depth: number) => boolean,
  depth = 0,
): boolean {
  const vouches = (authority: Parsed): boolean => mayVouch(authority, depth) && isSignedBy(subject, authority)
  if (roots.some(vouches)) return true
  return intermediates.some(
    (authority, at) =>
      vouches(authority) && isVouchedFor(authority, intermediates.toSpliced(at, 1), roots, mayVouch, depth + 1),
  )
}

/** Where an authority says for what it issues certificates, this says: for anything (RFC 5280 §4.2.1.12). */
const anyPurpose = '2.5.29.37.0'

/**
 * RFC 5280 §6.1.4: an authority, in its time, with so many authorities below it; and one that does not say that it
 * issues for other purposes only, as one for mail or for code does.
 */
export function isAuthority({ certificate }: Parsed, purpose: string, nowMs: number, depth: number): boolean {
  const basic = certificate.getExtension(BasicConstraintsExtension)
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages
  if (basic?.ca !== true || (usages !== undefined && (usages & KeyUsageFlags.keyCertSign) === 0)) return false
  if (basic.pathLength !== undefined && basic.pathLength < depth) return false
  const issuesFor: readonly unknown[] | undefined = certificate.getExtension(ExtendedKeyUsageExtension)?.usages
  if (issuesFor !== undefined && !issuesFor.includes(purpose) && !issuesFor.includes(anyPurpose)) return false
  return nowMs >= certificate.notBefore.getTime() && nowMs < certificate.notAfter.getTime()
}

const minRsaBits = 2048
const soundHashes: ReadonlySet<unknown> = new Set(['SHA-256', 'SHA-384', 'SHA-512'])

/** Names, key identifiers and signature, as OpenSSL sees them; no hash that is broken, no key that can be. */
function isSignedBy({ certificate, node }: Parsed, authority: Parsed): boolean {
  const { modulusLength = minRsaBits } = authority.node.publicKey.asymmetricKeyDetails ?? {}
  if (modulusLength < minRsaBits || !isSoundHash(certificate.signatureAlgorithm, authority)) return false
  return node.checkIssued(authority.node) && node.verify(authority.node.publicKey)
}

/** Whether what this authority signed by such an algorithm may be believed: no hash that is broken. */
export function isSoundHash({ hash }: { readonly hash?: { readonly name: string } }, authority: Parsed): boolean {
  const isEdwards = authority.node.publicKey.asymmetricKeyType === 'ed25519' // it hashes by itself
  return isEdwards || soundHashes.has(hash?.name)
}
