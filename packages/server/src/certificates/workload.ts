// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import {
  createPrivateKey,
  generateKeyPairSync,
  hash,
  type webcrypto,
  X509Certificate as NodeCertificate,
} from 'node:crypto'

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

import { trustDomainConstraints } from './name-constraints.ts'
import { serialNumber } from './serial-number.ts'

/** The certificate of a workload authority with its key, PEM both. The key is secret. */
export interface WorkloadRoot {
  readonly certificate: string
  readonly privatePem: string
}

/** An X.509-SVID with its key, PEM both, and when it ends, in milliseconds since the epoch. */
export interface Svid {
  readonly id: string
  readonly cert: string
  readonly key: string
  readonly expiresAtMs: number
}

/** Clients whose clock is a little behind. */
const backdateMs = 5 * 60_000
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** Makes the root of one trust domain. It can vouch for URIs of that domain and nothing else, and for leaves only. */
export async function makeWorkloadRoot(trustDomain: string, nowMs: number, endsAtMs: number): Promise<WorkloadRoot> {
  const { keys, privatePem } = makeKeys()
  const name = `O=${trustDomain}, CN=Sallyport workload CA`
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: name,
    issuer: name,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(endsAtMs),
    signingKey: keys.privateKey,
    publicKey: keys.publicKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      // X509-SVID §2: a signing certificate may bear the id of its trust domain, without a path.
      new SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${trustDomain}` }]),
      trustDomainConstraints(trustDomain),
    ],
  })
  return { certificate: certificate.toString('pem'), privatePem }
}

/** Signs an SVID with a key of its own; it never outlives its root. */
export async function makeSvid(id: string, root: WorkloadRoot, nowMs: number, lifetimeMs: number): Promise<Svid> {
  const issuer = new X509Certificate(root.certificate)
  const signingKey = createPrivateKey(root.privatePem).toCryptoKey(algorithm, false, ['sign'])
  const { keys, privatePem } = makeKeys()
  const endsAt = new Date(Math.min(nowMs + lifetimeMs, issuer.notAfter.getTime()))
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `O=${issuer.subjectName.getField('O').join()}`,
    issuer: issuer.subject,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: endsAt,
    signingKey,
    publicKey: keys.publicKey,
    signingAlgorithm: algorithm,
    // X509-SVID §4 and its appendix: no CA, digitalSignature, both purposes, one URI.
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']), // serverAuth, clientAuth
      new SubjectAlternativeNameExtension([{ type: 'url', value: id }]),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const expiresAtMs = certificate.notAfter.getTime() // whole seconds
  return { id, cert: certificate.toString('pem'), key: privatePem, expiresAtMs }
}

/** RFC 8705 §3.1: what a token that is bound to this certificate says in `x5t#S256`. */
export function certificateThumbprint(pem: string): string {
  return hash('sha256', new NodeCertificate(pem).raw, 'base64url')
}

/** A root as a SPIFFE bundle has it (SPIFFE-Trust-Domain-and-Bundle §4.2): its public key, and itself under `x5c`. */
export function bundleKeyOf(pem: string): Readonly<Record<string, unknown>> {
  const certificate = new NodeCertificate(pem)
  const { kty, crv, x, y } = certificate.publicKey.export({ format: 'jwk' })
  return { kty, crv, x, y, use: 'x509-svid', x5c: [certificate.raw.toString('base64')] }
}

function makeKeys(): { keys: webcrypto.CryptoKeyPair; privatePem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keys = {
    privateKey: privateKey.toCryptoKey(algorithm, false, ['sign']),
    publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
  }
  return { keys, privatePem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() }
}
