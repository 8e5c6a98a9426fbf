// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { createPrivateKey, generateKeyPairSync } from 'node:crypto'

import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
const clientAuth = '1.3.6.1.5.5.7.3.2'
const hour = 3_600_000

/** A certificate with its key. */
export interface Made {
  readonly pem: string
  readonly privatePem: string
  readonly der: Uint8Array
}

/** What stands in it; a device's, good for an hour either way, unless said. */
export interface Wanted {
  readonly subject?: string
  readonly names?: readonly JsonGeneralName[]
  readonly ca?: boolean
  readonly usages?: number
  readonly purposes?: readonly string[]
  readonly more?: readonly Extension[]
  readonly fromMs?: number
  readonly untilMs?: number
  /** Bits of an RSA key, in place of one on P-256. */
  readonly rsaBits?: number
}

/** Tests only: what an authority of devices would sign, and what none would. */
export async function makeDeviceCertificate(issuer: Made | undefined, wanted: Wanted = {}): Promise<Made> {
  const { subject = 'CN=kims-laptop', names = [], ca = false, purposes = [clientAuth], more = [] } = wanted
  const { usages = ca ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature } = wanted
  const { privateKey, publicKey } =
    wanted.rsaBits === undefined
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: wanted.rsaBits })
  const own = wanted.rsaBits === undefined ? ecdsa : rsa
  const privatePem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const signer = createPrivateKey(issuer?.privatePem ?? privatePem)
  const algorithm = signer.asymmetricKeyType === 'rsa' ? rsa : ecdsa
  const certificate = await X509CertificateGenerator.create({
    serialNumber: '4d',
    subject,
    issuer: issuer === undefined ? subject : new X509Certificate(issuer.pem).subject,
    notBefore: new Date(wanted.fromMs ?? Date.now() - hour),
    notAfter: new Date(wanted.untilMs ?? Date.now() + hour),
    signingKey: signer.toCryptoKey(algorithm, false, ['sign']),
    publicKey: publicKey.toCryptoKey(own, true, ['verify']),
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(ca, undefined, true),
      new KeyUsagesExtension(usages, true),
      ...(ca || purposes.length === 0 ? [] : [new ExtendedKeyUsageExtension([...purposes])]),
      ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension([...names])]),
      ...more,
    ],
  })
  return { pem: certificate.toString('pem'), privatePem, der: new Uint8Array(certificate.rawData) }
}

/** Tests only: an authority that signs itself. */
export function makeDeviceAuthority(subject = 'CN=devices', more: readonly Extension[] = []): Promise<Made> {
  return makeDeviceCertificate(undefined, { subject, ca: true, more })
}
