// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import type { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'

import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { SallyportError, Secret } from '@sallyport/core/access'

import { nameConstraints } from './name-constraints.ts'
import { serialNumber } from './serial-number.ts'

/** What an authority is for. Each has a key of its own and may speak for its own names only. */
export type AuthorityKind = 'gateway' | 'interception'

/** The part of a vault that keeps an authority's key. */
export interface AuthorityKeeper {
  readonly useSecret: (name: string) => Secret<string> | undefined
  readonly setSecret: (name: string, value: Secret<string>) => Promise<number>
}

/** A server certificate with its key, both PEM; the chain leads to the authority. */
export interface Leaf {
  readonly key: string
  readonly cert: string
  /** Milliseconds since the epoch; whoever keeps it asks for another from then on, well before it expires. */
  readonly renewAtMs: number
}

/** Certificates of one kind for one app. */
export interface Authority {
  /** What a client must trust, PEM. */
  readonly caPem: string
  /** When the authority itself should be opened anew, in milliseconds since the epoch; its clients must learn of it. */
  readonly renewAtMs: number
  /** A certificate for these names, from memory while fresh. Rejects with `certificates.not_permitted`, `.expired`. */
  leafFor(names: readonly string[]): Promise<Leaf>
}

/** Whose authority it is, and what it may speak for. */
export interface AuthorityOptions {
  readonly kind: AuthorityKind
  readonly app: string
  /**
   * DNS names and IPv4 addresses; the certificate itself refuses all others in any client that checks. The empty name
   * stands for every DNS name, as in the certificate (RFC 5280 §4.2.1.10).
   */
  readonly permittedNames: readonly string[]
  readonly keeper: AuthorityKeeper
  readonly nowMs: () => number
}

const day = 86_400_000
/** The interception CA is trusted inside boxes only, and briefly; the gateway's is trusted by the developer. */
const caLifetimeMs: Readonly<Record<AuthorityKind, number>> = { gateway: 397 * day, interception: 7 * day }
const leafLifetimeMs = day
/** Adversary: a box that asks for one subdomain after another; each leaf is memory. */
const maxLeaves = 256
/** Clients whose clock is a little behind. */
const backdateMs = 5 * 60_000
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

interface Kept {
  readonly certificate: string
  readonly key: string
  readonly names: readonly string[]
}

/**
 * Opens an app's authority, or makes one: on the first run, when its names changed, or when less than a third of its
 * life is left. Its key never leaves the vault but for this process's memory.
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const { certificate, key } = (await keptAuthority(options)) ?? (await makeAuthority(options))
  const caPem = certificate.toString('pem')
  const endsAtMs = certificate.notAfter.getTime()
  const leaves = new Map<string, { readonly leaf: Promise<Leaf>; readonly renewAtMs: number }>()
  return {
    caPem,
    renewAtMs: endsAtMs - caLifetimeMs[options.kind] / 3,
    leafFor: async (names) => {
      const stray = names.find((name) => !isPermitted(name, options.permittedNames))
      if (stray !== undefined || names.length === 0) {
        const message = `The ${options.kind} authority may not speak for ${stray}.`
        throw new SallyportError('certificates.not_permitted', message)
      }
      const nowMs = options.nowMs()
      const id = names.join()
      const known = leaves.get(id)
      if (known !== undefined && known.renewAtMs > nowMs) return known.leaf
      if (nowMs >= endsAtMs) {
        const message = `The ${options.kind} authority expired; start the server again.`
        throw new SallyportError('certificates.expired', message)
      }
      const renewAtMs = nowMs + Math.min(leafLifetimeMs, endsAtMs - nowMs) / 2
      const leaf = makeLeaf(names, certificate, key, nowMs).then((pair) => ({ ...pair, renewAtMs }))
      leaves.delete(id)
      leaves.set(id, { leaf, renewAtMs })
      leaf.catch(() => leaves.delete(id)) // a failure is not kept
      const [oldest] = leaves.keys()
      if (leaves.size > maxLeaves && oldest !== undefined) leaves.delete(oldest)
      return leaf
    },
  }
}

function isPermitted(name: string, permitted: readonly string[]): boolean {
  return permitted.some((base) => name === base || base === '' || (isIP(name) === 0 && name.endsWith(`.${base}`)))
}

interface AuthorityKey {
  readonly certificate: X509Certificate
  readonly key: webcrypto.CryptoKey
}

async function keptAuthority(options: AuthorityOptions): Promise<AuthorityKey | undefined> {
  const { kind, permittedNames, keeper, nowMs } = options
  const text = keeper.useSecret(secretName(kind))?.reveal()
  if (text === undefined) return undefined
  const kept: Kept = JSON.parse(text) // sealed by this server; the vault has authenticated every byte
  const certificate = new X509Certificate(kept.certificate)
  const fresh = certificate.notAfter.getTime() - nowMs() > caLifetimeMs[kind] / 3
  if (!fresh || JSON.stringify(kept.names) !== JSON.stringify(permittedNames)) return undefined
  const pkcs8 = Buffer.from(kept.key, 'base64')
  return { certificate, key: await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']) }
}

async function makeAuthority({ kind, app, permittedNames, keeper, nowMs }: AuthorityOptions): Promise<AuthorityKey> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const name = `CN=Sallyport ${kind} CA of ${app}`
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: name,
    issuer: name,
    notBefore: new Date(nowMs() - backdateMs),
    notAfter: new Date(nowMs() + caLifetimeMs[kind]),
    signingKey: keys.privateKey,
    publicKey: keys.publicKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      nameConstraints(permittedNames),
    ],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const kept: Kept = { certificate: certificate.toString('pem'), key: pkcs8, names: permittedNames }
  await keeper.setSecret(secretName(kind), new Secret(JSON.stringify(kept)))
  return { certificate, key: keys.privateKey }
}

async function makeLeaf(
  names: readonly string[],
  issuer: X509Certificate,
  signingKey: webcrypto.CryptoKey,
  nowMs: number,
): Promise<Omit<Leaf, 'renewAtMs'>> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // An address there would be checked as a name, and no constraint permits it as one.
    subject: `CN=${names.find((name) => isIP(name) === 0) ?? 'by address'}`,
    issuer: issuer.subject,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(Math.min(nowMs + leafLifetimeMs, issuer.notAfter.getTime())),
    signingKey,
    publicKey: keys.publicKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']), // serverAuth
      new SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name })),
      ),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    key: PemConverter.encode(pkcs8, PemConverter.PrivateKeyTag),
    cert: `${certificate.toString('pem')}\n${issuer.toString('pem')}`,
  }
}

const secretName = (kind: AuthorityKind): string => `sallyport/ca-${kind}`
