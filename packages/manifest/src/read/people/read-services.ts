import { X509Certificate } from 'node:crypto'

import { duplicateMember } from '@sallyport/core/json'

import type { AwsRole, Service, TrustDomain } from '../../service.ts'
import { child, entriesOf, type Node, textOf, textsOf } from '../../source/node.ts'
import { type Reading, resolve } from '../reading.ts'
import { readUpstream } from '../upstream.ts'
import { readKeySet } from './read-issuers.ts'
import { readSpiffeId } from './read-spiffe-id.ts'

/** `services:`; an id that nobody here vouches for, or that two services have, is a fault. */
export function readServices(
  section: Node | undefined,
  trust: readonly TrustDomain[],
  reading: Reading,
): readonly Service[] {
  const { declared, faults } = reading
  const owners = new Map<string, string>()
  return entriesOf(section).map(({ key, keyAt, value }) => {
    const trusted = trust.map(({ name }) => name)
    const spiffeId = readSpiffeId(child(value, 'id'), `services.${key}.id`, trusted, reading)
    const aws = readAws(child(value, 'aws'), `services.${key}.aws`, reading)
    const { keys, jwksDigest } = readKeySet(value, reading)
    const roles = textsOf(child(value, 'roles'))
    for (const { text, at } of roles) resolve(text, at, 'role', declared.roles, faults)
    if (spiffeId === undefined && child(value, 'aws') === undefined && child(value, 'jwks') === undefined) {
      faults.add('manifest.missing_key', keyAt, `services.${key} needs one of "id", "aws" and "jwks".`)
    }
    if (keys?.every(isSigningKey) === false) {
      const kinds = 'Ed25519, P-256 or RSA, each with a "kid"'
      faults.add(
        'manifest.wrong_type',
        child(value, 'jwks')?.at ?? keyAt,
        `The keys of services.${key} are to be ${kinds}.`,
      )
    }
    const keyIds = (keys ?? []).map((one) => `the key ${String(one['kid'])}`)
    for (const proof of [spiffeId, aws?.role, ...keyIds]) {
      const owner = proof === undefined ? undefined : owners.get(proof)
      if (owner !== undefined) {
        faults.add('manifest.duplicate_name', keyAt, `${String(proof)} is ${owner} and ${key}.`, 'keep one of the two')
      }
      if (proof !== undefined) owners.set(proof, key)
    }
    return {
      name: key,
      ...(spiffeId === undefined ? {} : { spiffeId }),
      ...(aws === undefined ? {} : { aws }),
      ...(keys === undefined ? {} : { keys }),
      ...(jwksDigest === undefined ? {} : { keysDigest: jwksDigest }),
      roles: roles.map(({ text }) => text),
      at: keyAt,
    }
  })
}

function isSigningKey({ kid, kty, crv }: Readonly<Record<string, unknown>>): boolean {
  const isKnown = kty === 'RSA' || (kty === 'OKP' && crv === 'Ed25519') || (kty === 'EC' && crv === 'P-256')
  return isKnown && typeof kid === 'string' && kid !== ''
}

function readAws(section: Node | undefined, path: string, reading: Reading): AwsRole | undefined {
  const role = textOf(child(section, 'role'))
  const region = textOf(child(section, 'region'))
  if (role === undefined || region === undefined) return undefined
  const host = `sts.${region}.amazonaws.com${role.startsWith('arn:aws-cn:') ? '.cn' : ''}`
  const written = child(section, 'endpoint')
  const endpoint =
    written === undefined ? `https://${host}` : readUpstream(written, `${path}.endpoint`, reading)?.origin
  return endpoint === undefined ? undefined : { role, host, endpoint }
}

/** `trust:`: for each domain a SPIFFE bundle (JSON) or its authorities (PEM), from the app's folder. */
export function readTrust(section: Node | undefined, { declared, files, faults }: Reading): readonly TrustDomain[] {
  return entriesOf(section).flatMap(({ key, keyAt, value }) => {
    if (key === declared.app) {
      faults.add('manifest.duplicate_name', keyAt, `"${key}" is the app's own trust domain.`, 'leave it out')
    }
    const read = files.read(textOf(value) ?? '', value.at, faults)
    if (read === undefined) return []
    const bundle = read.text.trimStart().startsWith('{') ? readBundle(read.text) : readPem(read.text)
    if (bundle !== undefined) return [{ name: key, ...bundle, digest: read.digest, at: keyAt }]
    const message = `"${read.name}" is neither a SPIFFE bundle nor a list of certificates (PEM) of authorities.`
    faults.add('manifest.wrong_type', value.at, message)
    return []
  })
}

type Bundle = Pick<TrustDomain, 'roots' | 'jwtKeys'>

function readPem(text: string): Bundle | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const roots = blocks.map(readRoot)
  return roots.length > 0 && roots.every((root) => root !== undefined) ? { roots, jwtKeys: [] } : undefined
}

/** SPIFFE-Trust-Domain-and-Bundle §4: keys of a use that we do not know are passed over. */
function readBundle(text: string): Bundle | undefined {
  const document = parse(text)
  if (document === undefined || duplicateMember(text) !== undefined) return undefined
  const keys: unknown = isRecord(document) ? document['keys'] : undefined
  if (!Array.isArray(keys) || !keys.every(isRecord)) return undefined
  const roots = keys.filter((key) => key['use'] === 'x509-svid').map(({ x5c }) => readRoot(firstText(x5c)))
  const jwtKeys = keys.filter((key) => key['use'] === 'jwt-svid' && typeof key['kid'] === 'string' && !('d' in key))
  const isUsable = roots.length + jwtKeys.length > 0 && roots.every((root) => root !== undefined)
  return isUsable ? { roots, jwtKeys } : undefined
}

/** Only what may vouch for others is a root; a leaf put here by mistake would vouch for itself. */
function readRoot(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  try {
    const certificate = new X509Certificate(text.startsWith('-----') ? text : Buffer.from(text, 'base64'))
    return certificate.ca ? certificate.raw.toString('base64') : undefined
  } catch {
    return undefined // what OpenSSL says of text that is no certificate; the fault names the file
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // no JSON; the fault names the file
  }
}

function firstText(value: unknown): string | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : undefined
  return typeof first === 'string' ? first : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
