// oxlint-disable-next-line import/no-unassigned-import -- the certificate library's own injection asks for it
import 'reflect-metadata'

import { type Extension, SubjectAlternativeNameExtension } from '@peculiar/x509'

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

/** Why a certificate of a device does not count; stable, documented in docs/errors.md. */
export type DeviceCertificateCode =
  | 'device.certificate_is_authority'
  | 'device.certificate_key_usage'
  | 'device.certificate_purpose'
  | 'device.certificate_not_yet_valid'
  | 'device.certificate_expired'
  | 'device.certificate_name'

/** The device that a chain proves, or why it proves none. */
export type DeviceCertificate =
  | {
      readonly kind: 'device'
      readonly id: string
      readonly issuedAtMs: number
      readonly expiresAtMs: number
      /** Hex. */
      readonly serialNumber: string
      /** Which of the authorities signed it; none of them where there are others between. */
      readonly signer?: Uint8Array
    }
  | { readonly kind: 'refused'; readonly code: DeviceCertificateCode }

/** What revocations and people call it by: nothing in it that could be taken for another name. */
const deviceName = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/

/**
 * The device that a chain is of, as it was shown in a handshake, the leaf first, by these authorities (DER). Undefined
 * for one that they do not vouch for: it may be a workload's, or what a token is bound to. Adversary: who holds a
 * certificate of another authority, one that is over, one for servers, or an authority's own.
 */
export function verifyDeviceCertificate(
  chain: readonly Uint8Array[],
  authorities: readonly Uint8Array[],
  nowMs: number,
): DeviceCertificate | undefined {
  const parsed = parseChain(chain)
  if (parsed === undefined) return undefined
  const [leaf, ...intermediates] = parsed
  const roots = authorities.map(parseRoot).filter((root) => root !== undefined)
  const mayVouch = (authority: Parsed, depth: number): boolean =>
    isAuthority(authority, purposes.client, nowMs, depth) && !isConstrained(authority)
  if (!isVouchedFor(leaf, intermediates, roots, mayVouch)) return undefined
  const fault = faultOfLeaf(leaf, purposes.client) ?? untimely(leaf, nowMs)
  if (fault !== undefined) return { kind: 'refused', code: `device.certificate_${fault}` }
  const id = nameOf(leaf)
  if (id === undefined) return { kind: 'refused', code: 'device.certificate_name' }
  const { notBefore, notAfter, serialNumber } = leaf.certificate
  const signer = authorities.find((der) => isVouchedFor(leaf, [], [parseRoot(der) ?? []].flat(), mayVouch))
  return {
    kind: 'device',
    id,
    issuedAtMs: notBefore.getTime(),
    expiresAtMs: notAfter.getTime(),
    serialNumber,
    ...(signer && { signer }),
  }
}

/** Constraints on names of devices are not understood here, and whoever has them would be taken for one without. */
export function isConstrained({ certificate }: Pick<Parsed, 'certificate'>): boolean {
  return certificate.extensions.some(({ type }: Extension) => type === nameConstraintsId)
}

/** Its one URI, else its one DNS name, else its one common name; two of a kind are none. */
function nameOf({ certificate }: Parsed): string | undefined {
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? []
  const kinds = [
    names.filter(({ type }) => type === 'url').map(({ value }) => value),
    names.filter(({ type }) => type === 'dns').map(({ value }) => value),
    certificate.subjectName.getField('CN'),
  ]
  const [name, second] = kinds.find((kind) => kind.length > 0) ?? []
  return name !== undefined && second === undefined && deviceName.test(name) ? name : undefined
}
