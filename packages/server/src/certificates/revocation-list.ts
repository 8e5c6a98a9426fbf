// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { KeyUsageFlags, KeyUsagesExtension, X509Crl } from '@peculiar/x509'

import { isSoundHash, type Parsed, parseRoot } from './chain.ts'

/** What an authority says of a certificate of its own; `unknown` where it has no list that is good now. */
export type CertificateStatus = 'good' | 'revoked' | 'unknown'

/** What authorities took back, by the lists that they signed (RFC 5280 §5). */
export interface RevocationLists {
  /** Of the certificate of this serial number (hex) by this authority, one and the same DER as was given before. */
  readonly statusOf: (authority: Uint8Array, serialNumber: string, nowMs: number) => CertificateStatus
  /** Lists that count for nothing: of nobody we know, not signed by them, or of a kind that is not understood. */
  readonly unusable: number
}

interface List {
  readonly issuedAtMs: number
  readonly nextMs: number
  readonly serialNumbers: ReadonlySet<string>
}

/** RFC 7468 §6. */
const block = /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g

/**
 * Reads the lists in a text (PEM) that these authorities (DER) signed; of several of one authority the newest counts.
 * Adversary: who would have a certificate forgotten, by a list of their own, an old one, or one that is of a part only.
 */
export async function readRevocationLists(text: string, authorities: readonly Uint8Array[]): Promise<RevocationLists> {
  const newest = new Map<Uint8Array, List>()
  let unusable = 0
  for (const [, base64 = ''] of text.matchAll(block)) {
    const crl = parse(Buffer.from(base64, 'base64'))
    const list = crl && readList(crl)
    const by = list && (await signersOf(crl, authorities))
    if (list === undefined || by === undefined || by.length === 0) unusable++
    else for (const one of by) if (list.issuedAtMs > (newest.get(one)?.issuedAtMs ?? -Infinity)) newest.set(one, list)
  }
  return {
    unusable,
    statusOf: (authority, serialNumber, nowMs) => {
      const list = newest.get(authority)
      if (list === undefined || nowMs < list.issuedAtMs || nowMs >= list.nextMs) return 'unknown'
      return list.serialNumbers.has(plain(serialNumber)) ? 'revoked' : 'good'
    },
  }
}

function parse(der: Uint8Array): X509Crl | undefined {
  try {
    return new X509Crl(new Uint8Array(der))
  } catch {
    return undefined // whatever a parser of ASN.1 can say of bytes that somebody sent
  }
}

/** A list with anything in it that must be understood and is not (a part, a change, another's certificates) is none. */
function readList(crl: X509Crl): List | undefined {
  const { entries, extensions, nextUpdate, thisUpdate } = crl
  const isPlain = [...extensions, ...entries.flatMap((one) => one.extensions)].every(({ critical }) => !critical)
  if (nextUpdate === undefined || !isPlain) return undefined
  const serialNumbers = new Set(entries.map(({ serialNumber }) => plain(serialNumber)))
  return { issuedAtMs: thisUpdate.getTime(), nextMs: nextUpdate.getTime(), serialNumbers }
}

async function signersOf(crl: X509Crl, authorities: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const signers: Uint8Array[] = []
  for (const der of authorities) {
    const authority = parseRoot(der)
    if (authority !== undefined && (await isSignedBy(crl, authority))) signers.push(der)
  }
  return signers
}

/** By its name, its key and its right to sign lists (RFC 5280 §6.3.3 (f)). */
async function isSignedBy(crl: X509Crl, authority: Parsed): Promise<boolean> {
  const { certificate } = authority
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages
  if (usages !== undefined && (usages & KeyUsageFlags.cRLSign) === 0) return false
  if (crl.issuer !== certificate.subject || !isSoundHash(crl.signatureAlgorithm, authority)) return false
  return crl.verify({ publicKey: certificate.publicKey }).catch(() => false) // two algorithms in one list
}

/** One spelling of a number in hex. */
function plain(serialNumber: string): string {
  return serialNumber.toLowerCase().replace(/^0+/, '')
}
