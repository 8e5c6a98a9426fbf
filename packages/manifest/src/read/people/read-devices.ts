import { X509Certificate } from 'node:crypto'

import type { DeviceManagerDeclaration, Devices } from '../../devices.ts'
import { child, type Node, textOf } from '../../source/node.ts'
import { parseDurationMs } from '../../source/units.ts'
import { readAddress } from '../address.ts'
import type { Reading } from '../reading.ts'
import { keySetFile } from './read-issuers.ts'

const usualAgeMs = 3_600_000
/** OID of name constraints (RFC 5280 §4.2.1.10) as DER spells it. */
const nameConstraints = Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x1e])

/** `devices:`; without it a device is what a sign-in proved, and nothing else. */
export function readDevices(section: Node | undefined, reading: Reading): { readonly devices?: Devices } {
  if (section === undefined) return {}
  const authorities = readAuthorities(child(section, 'authorities'), reading)
  const revokedFile = readRevoked(child(section, 'revoked'), reading)
  const manager = readManager(child(section, 'manager'), reading)
  return {
    devices: {
      ...(authorities === undefined ? {} : { authorities }),
      ...(revokedFile === undefined ? {} : { revokedFile }),
      ...(manager === undefined ? {} : { manager }),
      at: section.at,
    },
  }
}

function readAuthorities(node: Node | undefined, { files, faults }: Reading): Devices['authorities'] {
  const name = textOf(node)
  const read = node === undefined || name === undefined ? undefined : files.read(name, node.at, faults)
  if (node === undefined || read === undefined) return undefined
  const blocks = read.text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const roots = blocks.flatMap((pem) => readAuthority(pem) ?? [])
  if (blocks.length > 0 && roots.length === blocks.length) return { roots, digest: read.digest }
  const what = 'certificates (PEM) of authorities without name constraints'
  faults.add('manifest.wrong_type', node.at, `"${read.name}" is no list of ${what}.`)
  return undefined
}

/** Whose lists they are, and whether they are good now, is asked while the app runs: they are soon replaced. */
function readRevoked(node: Node | undefined, { files, faults }: Reading): string | undefined {
  const name = textOf(node)
  const read = node === undefined || name === undefined ? undefined : files.read(name, node.at, faults)
  if (node === undefined || read === undefined) return undefined
  if (read.text.includes('-----BEGIN X509 CRL-----')) return read.path
  faults.add('manifest.wrong_type', node.at, `"${read.name}" holds no list of revoked certificates (PEM, X509 CRL).`)
  return undefined
}

/** A leaf that stood here by mistake would vouch for itself, and constraints on names of devices are not understood. */
function readAuthority(pem: string): string | undefined {
  try {
    const { ca, raw } = new X509Certificate(pem)
    return ca && !raw.includes(nameConstraints) ? raw.toString('base64') : undefined
  } catch {
    return undefined // what OpenSSL says of text that is no certificate; the fault names the file
  }
}

function readManager(section: Node | undefined, reading: Reading): DeviceManagerDeclaration | undefined {
  const issuer = child(section, 'issuer')
  const text = textOf(issuer)
  const audience = textOf(child(section, 'audience'))
  if (section === undefined || issuer === undefined || text === undefined || audience === undefined) return undefined
  const address = readAddress(/^https?:\/\/[^/?#]+/i.exec(text)?.[0] ?? text)
  if (address.kind === 'refused') {
    const why = `devices.manager.issuer: ${address.why}.`
    reading.faults.add('manifest.insecure_upstream', issuer.at, why, address.suggestion)
  }
  const maxAgeMs = parseDurationMs(textOf(child(section, 'max-age')) ?? '') ?? usualAgeMs
  return { issuer: text, audience, ...keySetFile(section, reading), maxAgeMs }
}
