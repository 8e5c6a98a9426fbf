// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto'

import { Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509'
import { SallyportError } from '@sallyport/core/access'

import type { Leaf } from '../authority.ts'
import { orderCertificate } from './acme-client.ts'
import { openChallenges } from './challenges.ts'

/** A certificate of a public authority. */
export interface AcmeOptions {
  readonly names: readonly string[]
  readonly directory: string
  readonly caPem?: string
  /** Where the authority's challenges are answered; port 80 as seen from the outside. */
  readonly host: string
  readonly port: number
  /** A descriptor that listens there already; it stays open from order to order. */
  readonly descriptor?: number
  /** Sealed: the account's key and the certificate's stand nowhere else. */
  readonly store: {
    get(kind: string, id: string): string | undefined
    put(kind: string, id: string, value: string): void
  }
  readonly nowMs: () => number
}

const kind = 'acme'
/** An order is a matter of seconds; an authority that is busy may take this long. */
const patienceMs = 180_000
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** The certificate that is kept, while a third of its life is left, else a new one. Rejects as `orderCertificate`. */
export async function acmeCertificate(options: AcmeOptions): Promise<Leaf> {
  const { directory, names, nowMs, store } = options
  const id = JSON.stringify([directory, names])
  const kept = store.get(kind, id)
  const known = kept === undefined ? undefined : leafOf(JSON.parse(kept), names) // sealed by this server
  if (known !== undefined && nowMs() < known.renewAtMs) return known
  const made = await order(options, accountKeyOf(options))
  const leaf = leafOf(made, names)
  if (leaf === undefined || nowMs() >= leaf.renewAtMs) {
    throw new SallyportError(
      'acme.refused',
      'The certificate authority gave a certificate of other names, or an old one.',
    )
  }
  store.put(kind, id, JSON.stringify(made))
  return leaf
}

async function order(options: AcmeOptions, accountKey: KeyObject): Promise<Pick<Leaf, 'cert' | 'key'>> {
  const { caPem, descriptor, directory, host, names, port } = options
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const request = await Pkcs10CertificateRequestGenerator.create({
    keys: {
      privateKey: privateKey.toCryptoKey(algorithm, false, ['sign']),
      publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
    },
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))],
  })
  const challenges = await openChallenges(host, port, descriptor)
  try {
    const cert = await orderCertificate(
      { directory, accountKey, signal: AbortSignal.timeout(patienceMs), ...(caPem === undefined ? {} : { caPem }) },
      { names, request: new Uint8Array(request.rawData), publish: challenges.publish },
    )
    return { cert, key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() }
  } finally {
    await challenges.close()
  }
}

function accountKeyOf({ directory, store }: AcmeOptions): KeyObject {
  const id = `account ${directory}`
  const kept = store.get(kind, id)
  if (kept !== undefined) return createPrivateKey(kept)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  store.put(kind, id, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())
  return privateKey
}

/** Undefined unless it is of this key and speaks for every name. A third of its life is left for trying again. */
function leafOf({ cert, key }: Pick<Leaf, 'cert' | 'key'>, names: readonly string[]): Leaf | undefined {
  const certificate = new X509Certificate(cert)
  if (!certificate.checkPrivateKey(createPrivateKey(key))) return undefined
  if (!names.every((name) => certificate.checkHost(name) !== undefined)) return undefined
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()]
  return { cert, key, renewAtMs: to - (to - from) / 3 }
}
